import { commandSubject } from '../access/commandSubject.js';
import type { AuditLog } from '../audit/AuditLog.js';
import { openAuditLog } from '../audit/openAuditLog.js';
import { parseConfig, type Config } from '../config/parseConfig.js';
import type { Operation } from '../contract/access.js';
import { KeyError } from '../errors/KeyError.js';
import { connect } from '../redis/connect.js';
import { keysOf, type Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { checkKeyIdentity } from '../security/checkKeyIdentity.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { loadKeyRing } from '../security/loadKeyRing.js';

/** What commands about keys work with. */
export interface OpenKeys extends AsyncDisposable {
  readonly config: Config;
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: ReadingKeys;
  /** Records what is about to be done, before it is. @throws AuditError when that cannot be written: then do nothing */
  record(operation: Operation, details: { readonly series?: string; readonly count?: number; readonly reason?: string }): Promise<void>;
}

/**
 * Reads the configuration, loads the keys and connects.
 * @param isChecked compares the keys with those that are in use, as every process does at start. Not where one is lost
 * @throws ConfigurationError, KeyError; a Redis error when it is not reached
 */
export async function openKeys(isChecked = true): Promise<OpenKeys> {
  const config = parseConfig();
  const keyRing = await loadKeyRing(config);
  const { reading } = keyRing;
  if (reading === undefined) throw new KeyError('KEY_UNAVAILABLE', 'ANALYTICS_PUBLIC_KEY is not enough for this. Set ANALYTICS_ENCRYPTION_KEY.');
  const redis = connect(config, 'failFast', 'analytics-cli-keys', () => undefined);
  const keys = keysOf(config);
  let audit: AuditLog | undefined;
  const close = async (): Promise<void> => {
    await audit?.close();
    reading.dataKeys.close();
    redis.disconnect();
  };
  try {
    if (isChecked) await checkKeyIdentity(redis, keys, keyRing);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    config,
    redis,
    keys,
    secrets: reading,
    async record(operation, details) {
      audit ??= openAuditLog(config, { redis, keys, keyRing, onError: () => undefined });
      await audit.record({ actor: { subject: commandSubject(), roles: ['admin'], via: 'cli' }, operation, outcome: 'allowed', purpose: 'operations', ...details });
    },
    [Symbol.asyncDispose]: close,
  };
}
