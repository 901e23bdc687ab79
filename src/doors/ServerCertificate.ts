import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';

import type { Config } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import type { Logger } from '../logging/createLogger.js';

type CertificateConfig = Pick<Config, 'isProduction' | 'ANALYTICS_TLS_CERT_FILE' | 'ANALYTICS_TLS_KEY_FILE' | 'ANALYTICS_TLS_BY_PROXY'>;

interface Pem {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Files are read, not watched: watching misses what a mounted secret does, which is to put another folder behind a link.
 * Two small files in two seconds are not noticed.
 */
const LOOK_EVERY_MS = 2000;

/** The certificate of a server and its key, taken anew from their files when these change, without a restart. */
export class ServerCertificate {
  readonly #config: CertificateConfig;
  readonly #logger: Logger;
  #pem: Pem;
  #timer: NodeJS.Timeout | undefined;

  private constructor(config: CertificateConfig, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#pem = { cert: readNow(config, 'ANALYTICS_TLS_CERT_FILE'), key: readNow(config, 'ANALYTICS_TLS_KEY_FILE') };
    if (!fits(this.#pem)) throw new ConfigurationError(['ANALYTICS_TLS_CERT_FILE, ANALYTICS_TLS_KEY_FILE: they do not fit together. Both have to be PEM, and the key that of the certificate.']);
  }

  /**
   * @returns undefined where servers speak plain HTTP: outside production, and behind a proxy that ends TLS
   * @throws ConfigurationError in production without a certificate and without a word on a proxy; for files that are of no use
   */
  static open(config: CertificateConfig, logger: Logger): ServerCertificate | undefined {
    if (config.ANALYTICS_TLS_CERT_FILE !== undefined) return new ServerCertificate(config, logger);
    if (!config.isProduction || config.ANALYTICS_TLS_BY_PROXY) return undefined;
    throw new ConfigurationError([
      'ANALYTICS_TLS_CERT_FILE: production serves nothing without TLS. Set it and ANALYTICS_TLS_KEY_FILE, or say that a proxy before it ends TLS: ANALYTICS_TLS_BY_PROXY=true. See docs/hardening.md.',
    ]);
  }

  get pem(): Pem {
    return this.#pem;
  }

  /** Gives a server what the files hold, now and whenever they change, until `close`. Connections that are open stay. */
  keepCurrent(server: Server): void {
    server.setSecureContext({ ...this.#pem, minVersion: 'TLSv1.2' });
    const look = async (): Promise<void> => {
      if (await this.#renew()) {
        server.setSecureContext({ ...this.#pem, minVersion: 'TLSv1.2' });
        this.#logger.info('The certificate was replaced; new connections get the new one.');
      }
      if (this.#timer !== undefined) this.#timer = setTimeout(() => void look(), LOOK_EVERY_MS).unref();
    };
    this.#timer = setTimeout(() => void look(), LOOK_EVERY_MS).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** @returns whether there is another that can be used; half of a pair that is being written is left for the next time */
  async #renew(): Promise<boolean> {
    const { ANALYTICS_TLS_CERT_FILE: certFile = '', ANALYTICS_TLS_KEY_FILE: keyFile = '' } = this.#config;
    const [cert, key] = await Promise.all([certFile, keyFile].map(async (file) => readFile(file).catch(() => undefined)));
    if (cert === undefined || key === undefined) return false;
    if (cert.equals(this.#pem.cert) && key.equals(this.#pem.key)) return false;
    if (!fits({ cert, key })) return false;
    this.#pem = { cert, key };
    return true;
  }
}

function readNow(config: CertificateConfig, variable: 'ANALYTICS_TLS_CERT_FILE' | 'ANALYTICS_TLS_KEY_FILE'): Buffer {
  const path = config[variable] ?? '';
  try {
    return readFileSync(path);
  } catch {
    throw new ConfigurationError([`${variable}: ${path} cannot be read.`]);
  }
}

function fits(pem: Pem): boolean {
  try {
    createSecureContext(pem);
    return true;
  } catch {
    return false;
  }
}
