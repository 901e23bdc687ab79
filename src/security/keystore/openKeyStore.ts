import type { Config } from '../../config/parseConfig.js';
import { connect } from '../../redis/connect.js';
import { keysOf } from '../../redis/keys.js';
import { KeysApart } from './KeysApart.js';
import { keysBesideData } from './keysBesideData.js';
import type { KeyStore } from './KeyStore.js';

/** Where the configuration says that data keys are. Opens nothing before it is used; who asked for it closes it. */
export function openKeyStore(config: Pick<Config, 'ANALYTICS_KEY_STORE_URL' | 'REDIS_TLS_CA_FILE' | 'REDIS_TLS_CERT_FILE' | 'REDIS_TLS_KEY_FILE' | 'REDIS_PREFIX' | 'REDIS_CLUSTER'>): KeyStore {
  const url = config.ANALYTICS_KEY_STORE_URL;
  if (url === undefined) return keysBesideData;
  const { REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE } = config;
  return new KeysApart({
    // Whoever waits for a key gets an error within 2 s, and a job is tried again.
    connect: () => connect({ REDIS_URL: url, REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE }, 'failFast', 'analytics-keys', () => undefined),
    ownKey: keysOf(config).keyStore,
  });
}
