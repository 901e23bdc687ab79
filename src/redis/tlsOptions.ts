import { readFileSync } from 'node:fs';
import { createSecureContext, type ConnectionOptions } from 'node:tls';

import { isRedisTls, type RedisConfig } from '../config/redisPlace.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';

/**
 * TLS to Redis, at least 1.2. The files are read again for each connection (three small files, when one is lost), so that
 * a certificate that is renewed needs no restart; one that cannot be read just then is used as it was.
 *
 * @throws ConfigurationError when a file cannot be read, or a certificate and its key do not fit
 */
export function tlsOptions(config: RedisConfig): ConnectionOptions | undefined {
  if (!isRedisTls(config)) return undefined;
  const ca = openFile('REDIS_TLS_CA_FILE', config.REDIS_TLS_CA_FILE);
  const cert = openFile('REDIS_TLS_CERT_FILE', config.REDIS_TLS_CERT_FILE);
  const key = openFile('REDIS_TLS_KEY_FILE', config.REDIS_TLS_KEY_FILE);
  // ioredis copies these members into the options of each connection that it opens: that is when they are read.
  const options: ConnectionOptions = {
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca: '' }),
    ...(cert !== undefined && key !== undefined && { cert: '', key: '' }),
  };
  for (const [name, read] of Object.entries({ ca, cert, key })) {
    if (name in options && read !== undefined) Object.defineProperty(options, name, { get: read, enumerable: true });
  }
  try {
    createSecureContext({ ...options });
  } catch {
    // OpenSSL's own words say nothing to most people, and may quote.
    throw new ConfigurationError(['REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE: they do not fit together. Each has to be PEM, and the key that of the certificate.']);
  }
  return options;
}

function openFile(variable: string, path: string | undefined): (() => Buffer) | undefined {
  if (path === undefined) return undefined;
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch {
    throw new ConfigurationError([`${variable}: ${path} cannot be read.`]);
  }
  return () => {
    try {
      content = readFileSync(path);
    } catch {
      // It is being replaced. What was read last is tried; Redis refuses it if it is too old.
    }
    return content;
  };
}
