import path from 'node:path';

import type { Config } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { keyRingFromMaster, keyRingFromPublicKey, type KeyRing } from './KeyRing.js';
import { keepSecret, readSecret } from './secretFile.js';

const KEY_BYTES = 32;

type KeyConfig = Pick<
  Config,
  'ANALYTICS_ENCRYPTION_KEY' | 'ANALYTICS_ENCRYPTION_KEY_FILE' | 'ANALYTICS_PUBLIC_KEY' | 'ANALYTICS_DATA_DIR' | 'isProduction'
>;

/**
 * The keys that the configuration names. In development, where it names none, a key is made and kept with mode 0600 as
 * `encryption-key` in the data folder.
 *
 * @throws ConfigurationError when a key is malformed, or absent in production
 */
export async function loadKeyRing(config: KeyConfig): Promise<KeyRing> {
  const master = await masterKey(config);
  if (master !== undefined) return keyRingFromMaster(master);
  if (config.ANALYTICS_PUBLIC_KEY !== undefined) {
    return keyRingFromPublicKey(decodeKey('ANALYTICS_PUBLIC_KEY', config.ANALYTICS_PUBLIC_KEY));
  }
  if (config.isProduction) {
    throw new ConfigurationError([
      'ANALYTICS_ENCRYPTION_KEY: a key is needed in production. Set it, or ANALYTICS_ENCRYPTION_KEY_FILE, to base64 of 32 random ' +
        'bytes (openssl rand -base64 32), the same for every process that reads; for a process that only produces, ' +
        'ANALYTICS_PUBLIC_KEY is enough.',
    ]);
  }
  const file = path.resolve(config.ANALYTICS_DATA_DIR, 'encryption-key');
  return keyRingFromMaster(decodeKey(file, await keepSecret(file, KEY_BYTES)));
}

async function masterKey(config: KeyConfig): Promise<Buffer | undefined> {
  if (config.ANALYTICS_ENCRYPTION_KEY !== undefined) {
    return decodeKey('ANALYTICS_ENCRYPTION_KEY', config.ANALYTICS_ENCRYPTION_KEY);
  }
  const file = config.ANALYTICS_ENCRYPTION_KEY_FILE;
  if (file === undefined) return undefined;
  const text = await readSecret(file);
  if (text === undefined) throw new ConfigurationError([`ANALYTICS_ENCRYPTION_KEY_FILE: there is no file ${file}.`]);
  return decodeKey('ANALYTICS_ENCRYPTION_KEY_FILE', text);
}

function decodeKey(name: string, text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  // Buffer.from skips what is not base64, so only a text that comes back the same was well formed.
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === text.trim().replace(/=+$/, '');
  if (bytes.length !== KEY_BYTES || !isBase64) {
    throw new ConfigurationError([`${name}: must be base64 of exactly ${KEY_BYTES} bytes.`]);
  }
  return bytes;
}
