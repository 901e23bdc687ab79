import path from 'node:path';

import type { Config } from '../config/parseConfig.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { loadKeyProvider } from './keylist/loadKeyProvider.js';
import { openKeyList } from './keylist/openKeyList.js';
import { parseKeyList } from './keylist/parseKeyList.js';
import { KEY_BYTES, type KeyEntry, type KeyList } from './keylist/KeyList.js';
import { openKeyStore } from './keystore/openKeyStore.js';
import { keyRingFromList, keyRingFromPublicKey, type KeyRing } from './KeyRing.js';
import { keepSecret, readSecret } from './secretFile.js';

export type KeyConfig = Pick<
  Config,
  | 'ANALYTICS_ENCRYPTION_KEY'
  | 'ANALYTICS_ENCRYPTION_KEY_FILE'
  | 'ANALYTICS_KEY_PROVIDER'
  | 'ANALYTICS_PUBLIC_KEY'
  | 'ANALYTICS_DATA_DIR'
  | 'ANALYTICS_KEY_STORE_URL'
  | 'REDIS_TLS_CA_FILE'
  | 'REDIS_PREFIX'
  | 'REDIS_CLUSTER'
  | 'isProduction'
>;

/** Keys as they are written, and where. */
interface WrittenKeys {
  readonly name: string;
  readonly entries: readonly KeyEntry[];
}

/**
 * The keys that the configuration names. In development, where it names none, a key is made and kept with mode 0600 as
 * `encryption-key` in the data folder. Who asked for them closes the key store (`reading.dataKeys`).
 *
 * @throws ConfigurationError when a key is malformed, or absent in production; KeyError `KEY_UNAVAILABLE` when the key
 *   provider does not unwrap one
 */
export async function loadKeyRing(config: KeyConfig): Promise<KeyRing> {
  const list = await loadKeyList(config);
  if (list !== undefined) return keyRingFromList(list, openKeyStore(config));
  if (config.ANALYTICS_PUBLIC_KEY !== undefined) {
    const [entry, ...more] = parseKeyList('ANALYTICS_PUBLIC_KEY', config.ANALYTICS_PUBLIC_KEY);
    if (entry === undefined || entry.isWrapped || more.length > 0) {
      throw new ConfigurationError([`ANALYTICS_PUBLIC_KEY: must be base64 of exactly ${KEY_BYTES} bytes.`]);
    }
    return keyRingFromPublicKey(entry.bytes);
  }
  if (config.isProduction) {
    throw new ConfigurationError([
      'ANALYTICS_ENCRYPTION_KEY: a key is needed in production. Set it, or ANALYTICS_ENCRYPTION_KEY_FILE, to base64 of 32 random ' +
        'bytes (openssl rand -base64 32), the same for every process that reads; for a process that only produces, ' +
        'ANALYTICS_PUBLIC_KEY is enough.',
    ]);
  }
  const file = path.resolve(config.ANALYTICS_DATA_DIR, 'encryption-key');
  return keyRingFromList(await openKeyList(file, parseKeyList(file, await keepSecret(file, KEY_BYTES)), undefined), openKeyStore(config));
}

/** The list that the configuration names, unwrapped; undefined where it names none. @throws as `loadKeyRing` does */
export async function loadKeyList(config: KeyConfig): Promise<KeyList | undefined> {
  const written = await writtenKeys(config);
  if (written === undefined) return undefined;
  const provider = config.ANALYTICS_KEY_PROVIDER === undefined ? undefined : await loadKeyProvider(config.ANALYTICS_KEY_PROVIDER);
  return openKeyList(written.name, written.entries, provider);
}

async function writtenKeys(config: KeyConfig): Promise<WrittenKeys | undefined> {
  if (config.ANALYTICS_ENCRYPTION_KEY !== undefined) return written('ANALYTICS_ENCRYPTION_KEY', config.ANALYTICS_ENCRYPTION_KEY);
  const file = config.ANALYTICS_ENCRYPTION_KEY_FILE;
  if (file === undefined) return undefined;
  const text = await readSecret(file);
  if (text === undefined) throw new ConfigurationError([`ANALYTICS_ENCRYPTION_KEY_FILE: there is no file ${file}.`]);
  return written('ANALYTICS_ENCRYPTION_KEY_FILE', text);
}

function written(name: string, text: string): WrittenKeys {
  return { name, entries: parseKeyList(name, text) };
}
