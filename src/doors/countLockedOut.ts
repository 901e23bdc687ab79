import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

/** How many addresses and people are locked out at the moment. */
export async function countLockedOut(redis: RedisClient, keys: Keys, now = Date.now()): Promise<number> {
  return redis.zcount(keys.lockOut.locked, now, '+inf');
}
