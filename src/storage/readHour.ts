import { HOUR_MS } from '../codec/hours.js';
import type { SeriesKeys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { decodeIndexEntry, type ChunkIndexEntry } from './ChunkIndexEntry.js';
import { readIndex, type IndexRange } from './readIndex.js';

/** Entries of one page: 0.8 ms of Redis. */
const ONE_PAGE = 2000;
const MOST_TRIES = 5;

/**
 * All entries of an hour, by their latest time, such that no event is in two of them and none is missing: from one page,
 * or from several between which no chunks were swapped. Where swaps keep coming in between, from one answer of any size.
 */
export async function readHour(redis: RedisClient, keys: SeriesKeys, hour: number): Promise<ChunkIndexEntry[]> {
  const start = hour * HOUR_MS;
  const range: IndexRange = { from: start, to: start + HOUR_MS - 1, order: 'asc' };
  const page = await read(redis, keys.time, range, ONE_PAGE);
  if (page.length < ONE_PAGE) return page;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const before = await swapsOf(redis, keys, hour);
    const entries: ChunkIndexEntry[] = [];
    for await (const entry of readIndex(redis, keys.time, range)) entries.push(entry);
    if ((await swapsOf(redis, keys, hour)) === before) return entries;
  }
  return read(redis, keys.time, range, -1);
}

/** How often chunks of the hour were swapped so far. */
async function swapsOf(redis: RedisClient, keys: SeriesKeys, hour: number): Promise<string | null> {
  return redis.hget(keys.counts, `m${hour}`);
}

async function read(redis: RedisClient, key: string, { from, to }: IndexRange, most: number): Promise<ChunkIndexEntry[]> {
  const reply = await redis.zrangebyscoreBuffer(key, from, to, 'WITHSCORES', 'LIMIT', 0, most);
  const entries: ChunkIndexEntry[] = [];
  for (let place = 0; place < reply.length; place += 2) {
    entries.push(decodeIndexEntry(reply[place]!, Number(reply[place + 1]!.toString())));
  }
  return entries;
}
