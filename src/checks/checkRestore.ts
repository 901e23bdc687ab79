import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { Finding } from './Finding.js';

/** A store that is half put back is not started on: what is stored meanwhile would be counted wrongly. */
export async function checkRestore(redis: RedisClient, keys: Keys): Promise<Finding[]> {
  if ((await redis.exists(keys.restoring)) === 0) return [];
  return [{ kind: 'refuse', sentence: 'A backup is being restored into this Redis. Wait until "npm run backup -- restore" has ended; if it was stopped, run it again: it goes on.' }];
}
