import type { RedisClient } from '../redis/RedisClient.js';
import { decodeIndexEntry, type ChunkIndexEntry } from './ChunkIndexEntry.js';
import type { IndexRange } from './readIndex.js';

/** The first `size` entries of a time index by their latest time, all of one moment. */
export async function readIndexPage(redis: RedisClient, key: string, { from, to, order }: IndexRange, size: number): Promise<ChunkIndexEntry[]> {
  const reply =
    order === 'desc'
      ? await redis.zrevrangebyscoreBuffer(key, bound(to), bound(from), 'WITHSCORES', 'LIMIT', 0, size)
      : await redis.zrangebyscoreBuffer(key, bound(from), bound(to), 'WITHSCORES', 'LIMIT', 0, size);
  const entries: ChunkIndexEntry[] = [];
  for (let place = 0; place < reply.length; place += 2) {
    entries.push(decodeIndexEntry(reply[place]!, Number(reply[place + 1]!.toString())));
  }
  return entries;
}

function bound(time: number): string {
  if (time === Infinity) return '+inf';
  return time === -Infinity ? '-inf' : String(time);
}
