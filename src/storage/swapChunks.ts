import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { SeriesKeys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { script, type ScriptArgument } from '../redis/Script.js';
import { keyBeside } from '../security/keystore/keyBeside.js';
import type { KeyStore } from '../security/keystore/KeyStore.js';
import { encodeIndexEntry, type ChunkIndexEntry } from './ChunkIndexEntry.js';

/** A merged chunk, sealed, as it is stored. */
export interface MergedChunk {
  readonly entry: ChunkIndexEntry;
  readonly wrappedKey: Buffer;
  /** What stands in the field of its id: of events the header, and the head. */
  readonly head: Buffer;
  readonly blocks: readonly Buffer[];
}

export interface ChunkSwap {
  readonly hour: number;
  /** Index entries of the chunks that are replaced. */
  readonly replaced: readonly ChunkIndexEntry[];
  /** Hold the same events or samples, but for `gone` of them. */
  readonly chunks: readonly MergedChunk[];
  /** Rows that are erased. Default: 0. */
  readonly gone?: number;
  /** ms since 1970. */
  readonly now: number;
  readonly dataKeys: KeyStore;
}

/**
 * Puts chunks of one event type or metric and hour in the place of others, at once or not at all.
 * @returns whether it was done; if not, some of the replaced ones are no longer there
 * @throws AnalyticsError `STORE_INCONSISTENT` when a key holds something else; whatever Redis answers otherwise
 */
export async function swapChunks(redis: RedisClient, series: SeriesKeys, { hour, replaced, chunks, gone = 0, now, dataKeys }: ChunkSwap): Promise<boolean> {
  if (dataKeys.isApart) await dataKeys.put(chunks.map(({ entry, wrappedKey }) => ({ series, chunkId: entry.chunkId, wrappedKey })));
  const [word, place] = (await script('swapChunks').run(redis, {
    keys: [series.chunks, series.time, series.dataKeys, series.counts, series.retired, series.absorbed],
    args: [hour, now, gone, replaced.length, ...replaced.map(encodeIndexEntry), ...chunks.flatMap((chunk) => argumentsOf(chunk, dataKeys))],
  })) as [Buffer, unknown]; // what the script answers
  switch (word.toString()) {
    case 'merged':
      return true;
    case 'changed':
      return false;
    case 'uneven':
      throw new AnalyticsError('INTERNAL', 'New chunks did not hold as much as they should of those that they would replace; nothing was changed.');
    default:
      throw new AnalyticsError(
        'STORE_INCONSISTENT',
        `A key of the store (place ${String(place)} of swapChunks) holds a value of another type. Does another program use this REDIS_PREFIX?`,
      );
  }
}

/** Bytes that the chunk and its key take, without what Redis adds to each field. */
export function bytesOfChunk({ wrappedKey, head, blocks }: MergedChunk): number {
  return blocks.reduce((sum, block) => sum + block.length, head.length + wrappedKey.length);
}

function argumentsOf({ entry, wrappedKey, head, blocks }: MergedChunk, dataKeys: KeyStore): ScriptArgument[] {
  return [encodeIndexEntry(entry), entry.latest, keyBeside(dataKeys, wrappedKey), head, ...blocks];
}
