import { AccessGate } from '../access/AccessGate.js';
import { openAuditLog } from '../audit/openAuditLog.js';
import { parseConfig } from '../config/parseConfig.js';
import { KeyError } from '../errors/KeyError.js';
import { connect } from '../redis/connect.js';
import { keysOf, type Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { checkKeyIdentity } from '../security/checkKeyIdentity.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { loadKeyRing } from '../security/loadKeyRing.js';

export interface AccessTools {
  readonly gate: AccessGate;
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly reading: ReadingKeys;
  readonly onError: (error: Error) => void;
}

/**
 * Runs a command that administers access, over the store that the environment names.
 * @throws KeyError `KEY_UNAVAILABLE` without the keys that the audit log needs
 */
export async function withAccess(work: (tools: AccessTools) => Promise<void>): Promise<void> {
  const config = parseConfig();
  const keys = keysOf(config);
  const keyRing = await loadKeyRing(config);
  const { reading } = keyRing;
  if (reading === undefined) throw new KeyError('KEY_UNAVAILABLE', 'Access is administered with ANALYTICS_ENCRYPTION_KEY; ANALYTICS_PUBLIC_KEY is not enough.');
  const onError = (error: Error): void => void process.stderr.write(`${error.message}\n`);
  const redis = connect(config, 'failFast', 'analytics-access', () => {});
  const audit = openAuditLog(config, { redis, keys, keyRing, onError });
  try {
    await checkKeyIdentity(redis, keys, keyRing);
    await work({ gate: new AccessGate(audit, onError), redis, keys, reading, onError });
  } finally {
    await audit.close();
    redis.disconnect();
  }
}
