import type { Redis } from 'ioredis';

import { packEvents } from '../codec/columns/packEvents.js';
import type { StoredEvent } from '../codec/columns/StoredEvent.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { Keys } from '../redis/keys.js';
import { script, type ScriptArgument } from '../redis/Script.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { takeRandom } from '../security/takeRandom.js';
import { encodeIndexEntry, type ChunkEntry, type ChunkIndexEntry } from './ChunkIndexEntry.js';
import { encodeMergedHeader } from './mergedHeader.js';

/** An index entry tells the number of blocks in one byte. */
const MOST_BLOCKS = 255;

/** A merged chunk, sealed, as it is stored. */
export interface SealedEventChunk {
  readonly entry: ChunkIndexEntry;
  readonly wrappedKey: Buffer;
  /** Header and head. */
  readonly head: Buffer;
  readonly blocks: readonly Buffer[];
}

/**
 * Lays out and seals a merged chunk.
 * @param events of one type and UTC hour, in the order of (time, offset)
 */
export function sealEventChunk(type: string, hour: number, events: readonly StoredEvent[], secrets: Pick<ReadingKeys, 'chunks'>): SealedEventChunk {
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

export interface ChunkSwap {
  readonly type: string;
  readonly hour: number;
  /** Index entries of the chunks that are replaced. */
  readonly replaced: readonly ChunkIndexEntry[];
  /** Hold the same events. */
  readonly chunks: readonly SealedEventChunk[];
  /** ms since 1970. */
  readonly now: number;
}

/**
 * Puts chunks in the place of others, at once or not at all.
 * @returns whether it was done; if not, some of the replaced ones are no longer there
 * @throws AnalyticsError `STORE_INCONSISTENT` when a key holds something else; whatever Redis answers otherwise
 */
export async function swapEventChunks(redis: Redis, keys: Keys, { type, hour, replaced, chunks, now }: ChunkSwap): Promise<boolean> {
  const series = keys.event(type);
  const [word, place] = (await script('swapEventChunks').run(redis, {
    keys: [series.chunks, series.time, series.dataKeys, series.counts, series.retired, series.absorbed],
    args: [hour, now, replaced.length, ...replaced.map(encodeIndexEntry), ...chunks.flatMap(argumentsOf)],
  })) as [Buffer, unknown]; // what the script answers
  switch (word.toString()) {
    case 'merged':
      return true;
    case 'changed':
      return false;
    case 'uneven':
      throw new AnalyticsError('INTERNAL', 'Merged chunks did not hold as many events as those that they would replace; nothing was changed.');
    default:
      throw new AnalyticsError(
        'STORE_INCONSISTENT',
        `A key of the event store (place ${String(place)} of swapEventChunks) holds a value of another type. Does another program use this REDIS_PREFIX?`,
      );
  }
}

function argumentsOf({ entry, wrappedKey, head, blocks }: SealedEventChunk): ScriptArgument[] {
  return [encodeIndexEntry(entry), entry.latest, wrappedKey, head, ...blocks];
}
