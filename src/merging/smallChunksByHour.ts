import type { SeriesKeys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

/** Fields looked at in one step: about 0.2 ms of Redis. */
const STEP = 1000;

/** UTC hour → small chunks in it. A hash of years of hours is read in steps. */
export async function smallChunksByHour(redis: RedisClient, { counts }: SeriesKeys): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscan(counts, cursor, 'MATCH', 's*', 'COUNT', STEP);
    for (let place = 0; place < fields.length; place += 2) found.set(Number(fields[place]!.slice(1)), Number(fields[place + 1]));
    cursor = next;
  } while (cursor !== '0');
  return found;
}
