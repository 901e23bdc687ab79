import { KeyError } from '../errors/KeyError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyRing } from './KeyRing.js';

/**
 * Compares this process's public key with the one that the data in Redis is sealed to; the first process leaves it
 * there. Called at start, so that two processes with different keys find out then, and not by unreadable data.
 *
 * @throws KeyError `KEY_MISMATCH` saying what to set
 */
export async function checkKeyIdentity(redis: RedisClient, keys: Keys, keyRing: Pick<KeyRing, 'publicId'>): Promise<void> {
  await redis.hsetnx(keys.keyIdentity, 'publicId', keyRing.publicId);
  const known = await redis.hget(keys.keyIdentity, 'publicId');
  if (known === keyRing.publicId) return;
  throw new KeyError(
    'KEY_MISMATCH',
    `The data under ${keys.prefix} is sealed to public key ${known ?? '?'}; this process has ${keyRing.publicId}. ` +
      'Set ANALYTICS_ENCRYPTION_KEY (or ANALYTICS_ENCRYPTION_KEY_FILE, or ANALYTICS_PUBLIC_KEY) to the same key as the other ' +
      'processes, or REDIS_PREFIX to a prefix of its own.',
  );
}
