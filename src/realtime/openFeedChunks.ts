import type { Redis } from 'ioredis';

import { decompress } from '../codec/compression.js';
import type { EventRows } from '../codec/EventRows.js';
import { decodeEventRows } from '../codec/eventRowsText.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { EventKeys } from '../redis/keys.js';
import type { ChunkSealer } from '../security/ChunkSealer.js';
import type { FeedEntry } from './feedEntry.js';

const OFFSET_BYTES = 8;

export interface OpenFeedChunk {
  readonly entry: FeedEntry;
  readonly rows: EventRows;
}

/** A chunk as it lies in Redis. */
export interface StoredChunk {
  readonly entry: FeedEntry;
  readonly bytes: Buffer;
  readonly wrappedKey: Buffer;
}

/**
 * Fetches the chunks of these entries, which are of one type, in two reads. An entry counts only if its id is the offset
 * that the chunk names: one that a failed write left is passed over.
 *
 * @returns undefined for an entry that does not count, or whose chunk is no longer there
 */
export async function fetchFeedChunks(redis: Redis, keys: EventKeys, entries: readonly FeedEntry[]): Promise<(StoredChunk | undefined)[]> {
  const ids = entries.map((entry) => entry.chunkId);
  const [chunks, dataKeys] = await Promise.all([redis.hmgetBuffer(keys.chunks, ...ids), redis.hmgetBuffer(keys.dataKeys, ...ids)]);
  return entries.map((entry, index) => {
    const bytes = chunks[index];
    const wrappedKey = dataKeys[index];
    if (bytes == null || wrappedKey == null || bytes.length < OFFSET_BYTES) return undefined;
    return bytes.readDoubleBE(0) === entry.offset ? { entry, bytes, wrappedKey } : undefined;
  });
}

/** @throws KeyError or AnalyticsError when the chunk does not open, or is not what its entry says */
export function openFeedChunk({ entry, bytes, wrappedKey }: StoredChunk, sealer: ChunkSealer): EventRows {
  const { type, hour, chunkId, count, earliest, latest } = entry;
  const place = { kind: 'events', series: type, hour, chunkId, count, earliest, latest };
  const plain = sealer.open(place, { bytes: bytes.subarray(OFFSET_BYTES), wrappedKey });
  const rows = decodeEventRows(decompress(plain), { verify: false });
  if (rows.timestamps.length !== count) throw new AnalyticsError('STORE_INCONSISTENT', 'A chunk does not hold as many events as its feed entry says.');
  return rows;
}
