import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

/**
 * Whether it is this process that declares the schedules or begins them anew: none other does within `forMs`. When two did so at once, a worker had
 * taken the first job before the second process removed its chain, and a clean-up ran twice in a row.
 */
export async function takeTurn(redis: RedisClient, keys: Keys, forMs: number): Promise<boolean> {
  return (await redis.set(keys.schedulesTurn, '1', 'PX', Math.ceil(forMs), 'NX')) === 'OK';
}
