import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { generate } from 'selfsigned';

/** A certificate and its key, in files. */
export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** An authority of the test's own, which signs for this machine, in a folder of its own. */
export interface TestAuthority {
  readonly caFile: string;
  readonly ca: string;
  /** Signs a certificate for 127.0.0.1, ::1 and localhost, good for servers and for clients. */
  sign(name: string): Promise<TestCertificate>;
  /** Removes the folder. */
  close(): void;
}

const LIFE_MS = 3_600_000;

export async function createAuthority(): Promise<TestAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'analytics-certificates-'));
  const common = () => ({ keyType: 'ec' as const, algorithm: 'sha256', notBeforeDate: new Date(Date.now() - LIFE_MS), notAfterDate: new Date(Date.now() + LIFE_MS) });
  const authority = await generate([{ name: 'commonName', value: 'Authority of a test' }], {
    ...common(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return {
    ca: authority.cert,
    caFile: write('ca.pem', authority.cert),
    async sign(name) {
      const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
        ...common(),
        ca: { key: authority.private, cert: authority.cert },
        extensions: [
          { name: 'basicConstraints', cA: false, critical: true },
          { name: 'keyUsage', digitalSignature: true, critical: true },
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }, { type: 7, ip: '127.0.0.1' }, { type: 7, ip: '::1' }] },
        ],
      });
      return { cert, key, certFile: write(`${name}.pem`, cert), keyFile: write(`${name}-key.pem`, key) };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
