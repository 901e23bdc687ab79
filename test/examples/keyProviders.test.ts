import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { parseConfig } from '../../src/config/parseConfig.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';

const providers = join(process.cwd(), 'examples/key-providers');
const master = randomBytes(32);
const serviceKey = randomBytes(32);
let server: Server;
let folder: string;
let before: NodeJS.ProcessEnv;

/** What a key service does with a key of its own. */
const seal = (plain: Buffer): Buffer => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', serviceKey, nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};
const open = (sealed: Buffer): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', serviceKey, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
};

/** The parts of both services' APIs that the providers use, as their documentation describes them. */
function answer(path: string, headers: Record<string, unknown>, body: Record<string, string>): unknown {
  const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64');
  if (path === '/v1/transit/encrypt/analytics') return { data: { ciphertext: `vault:v1:${seal(bytes(body['plaintext'])).toString('base64')}` } };
  if (path === '/v1/transit/decrypt/analytics') return { data: { plaintext: open(bytes(body['ciphertext']?.replace('vault:v1:', ''))).toString('base64') } };
  if (headers['x-amz-target'] === 'TrentService.Encrypt') return { CiphertextBlob: seal(bytes(body['Plaintext'])).toString('base64') };
  if (headers['x-amz-target'] === 'TrentService.Decrypt') return { Plaintext: open(bytes(body['CiphertextBlob'])).toString('base64') };
  return undefined;
}

/** @returns undefined for what does not open */
function answerOrRefuse(...request: Parameters<typeof answer>): unknown {
  try {
    return answer(...request);
  } catch {
    return undefined;
  }
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void json(request).then((body) => {
      const isAllowed = request.headers['x-vault-token'] === 'token-1' || String(request.headers.authorization).startsWith('AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/');
      const reply = isAllowed ? answerOrRefuse(request.url ?? '', request.headers, body as Record<string, string>) : undefined;
      response.writeHead(reply === undefined ? 403 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(reply ?? {}));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
  folder = mkdtempSync(join(tmpdir(), 'analytics-providers-'));
  writeFileSync(join(folder, 'token'), 'token-1\n', { mode: 0o600 });
  before = { ...process.env };
  Object.assign(process.env, {
    VAULT_ADDR: address,
    VAULT_TOKEN_FILE: join(folder, 'token'),
    VAULT_TRANSIT_KEY: 'analytics',
    AWS_ENDPOINT_URL_KMS: address,
    AWS_REGION: 'us-east-1',
    AWS_KMS_KEY_ID: 'alias/analytics',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  });
});
afterAll(async () => {
  process.env = before;
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  rmSync(folder, { recursive: true, force: true });
});

interface Provider {
  wrap(key: Uint8Array): Promise<Buffer>;
}

async function importDefault<T>(file: string): Promise<T> {
  const module = (await import(pathToFileURL(join(providers, file)).href)) as { default: T };
  return module.default;
}

describe.each(['vaultTransit.mjs', 'awsKms.mjs'])('the key provider %s', (file) => {
  const load = (wrapped: Buffer) => loadKeyRing(parseConfig({ ANALYTICS_ENCRYPTION_KEY: `wrapped:${wrapped.toString('base64')}`, ANALYTICS_KEY_PROVIDER: join(providers, file) }));

  it('wraps a key so that a process that has only the wrapped one starts with it', async () => {
    const wrapped = await (await importDefault<() => Provider>(file))().wrap(master);
    expect(wrapped.includes(master)).toBe(false);
    expect((await load(wrapped)).publicId).toBe((await keyRingFromMaster(master)).publicId);
  });

  it('lets no process start with a key that was changed, and says so without a word of it', async () => {
    const wrapped = await (await importDefault<() => Provider>(file))().wrap(master);
    const text = wrapped.toString('latin1');
    const changed = Buffer.from(text.slice(0, -4) + (text.endsWith('AAAA') ? 'BBBB' : 'AAAA'), 'latin1');
    const error: unknown = await load(changed).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'KEY_UNAVAILABLE' });
    expect(String(error)).not.toContain('token-1');
  });
});

describe('the signature of a request to AWS', () => {
  it('is that of the published test suite', async () => {
    const { signRequest } = (await import(pathToFileURL(join(providers, 'signRequest.mjs')).href)) as { signRequest: (request: object) => Record<string, string> };
    const request = {
      url: new URL('https://example.amazonaws.com/'),
      headers: {},
      body: '',
      service: 'service',
      region: 'us-east-1',
      credentials: { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
      at: new Date('2015-08-30T12:36:00Z'),
    };
    // get-vanilla and post-vanilla.
    expect(signRequest({ ...request, method: 'GET' })['authorization']).toContain('Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31');
    expect(signRequest({ ...request, method: 'POST' })['authorization']).toContain('Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b');
  });
});
