import type { RedisClient } from '../redis/RedisClient.js';
import type { ChunkIndexEntry } from './ChunkIndexEntry.js';
import { readIndexPage } from './readIndexPage.js';

export interface IndexRange {
  /** Least and greatest latest time of the chunks, ms; both included, may be infinite. */
  readonly from: number;
  readonly to: number;
  /** By the chunks' latest time. */
  readonly order: 'asc' | 'desc';
}

const FIRST_PAGE = 64;
const LARGEST_PAGE = 1024;

/**
 * Walks a time index in pages. It goes on from the last score and leaves out what it gave already, so an entry that is
 * added or removed meanwhile never hides another one, as it would with places counted from the start.
 */
export async function* readIndex(redis: RedisClient, key: string, { from, to, order }: IndexRange): AsyncGenerator<ChunkIndexEntry> {
  let cursor = order === 'desc' ? to : from;
  const givenAtCursor = new Set<string>();
  for (let page = FIRST_PAGE; ; page = Math.min(page * 2, LARGEST_PAGE)) {
    const wanted = page + givenAtCursor.size;
    const rest = order === 'desc' ? { from, to: cursor, order } : { from: cursor, to, order };
    const entries = await readIndexPage(redis, key, rest, wanted);
    for (const entry of entries) {
      const name = entry.chunkId.toString('latin1');
      if (entry.latest !== cursor) {
        cursor = entry.latest;
        givenAtCursor.clear();
      } else if (givenAtCursor.has(name)) continue;
      givenAtCursor.add(name);
      yield entry;
    }
    if (entries.length < wanted) return;
  }
}
