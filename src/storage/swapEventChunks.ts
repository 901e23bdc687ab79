import { packEvents } from '../codec/columns/packEvents.js';
import type { StoredEvent } from '../codec/columns/StoredEvent.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { takeRandom } from '../security/takeRandom.js';
import type { ChunkEntry, ChunkIndexEntry } from './ChunkIndexEntry.js';
import { encodeMergedHeader } from './mergedHeader.js';
import { swapChunks, type ChunkSwap, type MergedChunk } from './swapChunks.js';

/** An index entry tells the number of blocks in one byte. */
const MOST_BLOCKS = 255;

/**
 * Lays out and seals a merged chunk.
 * @param events of one type and UTC hour, in the order of (time, offset)
 */
export function sealEventChunk(type: string, hour: number, events: readonly StoredEvent[], secrets: Pick<ReadingKeys, 'chunks'>): MergedChunk {
  const packed = packEvents(type, events);
  const blocks = packed.blocks.length + 1;
  if (blocks > MOST_BLOCKS) throw new AnalyticsError('INTERNAL', `A merged chunk would have ${blocks} blocks; ${MOST_BLOCKS} are the most.`);
  const chunk: ChunkEntry = {
    chunkId: takeRandom(16),
    hour,
    earliest: events[0]!.timestamp, // packEvents refuses an empty list
    latest: events.at(-1)!.timestamp,
    count: events.length,
  };
  const entry: ChunkIndexEntry = { ...chunk, blocks };
  const sealed = secrets.chunks.sealBlocks({ kind: 'events', series: type, ...chunk }, packed.head, packed.blocks);
  return { entry, wrappedKey: sealed.wrappedKey, head: Buffer.concat([encodeMergedHeader(entry), sealed.head]), blocks: sealed.blocks };
}

/** Puts chunks of events in the place of others: see `swapChunks`. */
export async function swapEventChunks(redis: RedisClient, keys: Keys, { type, ...swap }: ChunkSwap & { readonly type: string }): Promise<boolean> {
  return swapChunks(redis, keys.event(type), swap);
}
