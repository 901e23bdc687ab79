import type { Redis } from 'ioredis';

import { decodeIndexEntry, type ChunkIndexEntry } from './ChunkIndexEntry.js';

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
export async function* readIndex(redis: Redis, key: string, { from, to, order }: IndexRange): AsyncGenerator<ChunkIndexEntry> {
  let cursor = order === 'desc' ? to : from;
  const givenAtCursor = new Set<string>();
  for (let page = FIRST_PAGE; ; page = Math.min(page * 2, LARGEST_PAGE)) {
    const wanted = page + givenAtCursor.size;
    const reply =
      order === 'desc'
        ? await redis.zrevrangebyscoreBuffer(key, bound(cursor), bound(from), 'WITHSCORES', 'LIMIT', 0, wanted)
        : await redis.zrangebyscoreBuffer(key, bound(cursor), bound(to), 'WITHSCORES', 'LIMIT', 0, wanted);
    for (let place = 0; place < reply.length; place += 2) {
      const member = reply[place]!;
      const latest = Number(reply[place + 1]!.toString());
      const name = member.toString('latin1');
      if (latest !== cursor) {
        cursor = latest;
        givenAtCursor.clear();
      } else if (givenAtCursor.has(name)) continue;
      givenAtCursor.add(name);
      yield decodeIndexEntry(member, latest);
    }
    if (reply.length < wanted * 2) return;
  }
}

function bound(time: number): string {
  if (time === Infinity) return '+inf';
  return time === -Infinity ? '-inf' : String(time);
}
