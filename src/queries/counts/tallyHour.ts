import type { ColumnName } from '../../codec/columns/Column.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { EventSource } from '../events/EventSource.js';
import type { CountBuckets } from './CountBuckets.js';

const TIME_ONLY: ReadonlySet<ColumnName> = new Set(['time']);
/** Chunks in memory at a time. */
const CHUNKS_AT_ONCE = 64;
const MOST_TRIES = 5;

/**
 * Counts the events of an hour which lies in several buckets, or is cut by an end of the range. A chunk whose times lie
 * in one bucket is counted by what the index says of it; of the others the times are read.
 */
export async function tallyHour(source: Pick<EventSource, 'hour' | 'load'>, type: string, hour: number, buckets: CountBuckets): Promise<void> {
  // A chunk that is gone was merged some time after the index was read, or is expired: the index, read again, says which.
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    const tally = new Map<number, number>();
    const isWhole = await tallyChunks(source, type, await source.hour(type, hour), buckets, tally);
    if (!isWhole && tries < MOST_TRIES) continue;
    for (const [bucket, count] of tally) buckets.add(bucket, count);
    return;
  }
}

/** @returns whether no chunk was gone */
async function tallyChunks(
  source: Pick<EventSource, 'load'>,
  type: string,
  entries: readonly ChunkIndexEntry[],
  buckets: CountBuckets,
  tally: Map<number, number>,
): Promise<boolean> {
  const add = (bucket: number, count: number): void => void tally.set(bucket, (tally.get(bucket) ?? 0) + count);
  const spread: ChunkIndexEntry[] = [];
  for (const entry of entries) {
    if (!buckets.touches(entry.earliest, entry.latest)) continue;
    const bucket = buckets.bucketOf(entry.earliest, entry.latest);
    if (bucket === undefined) spread.push(entry);
    else add(bucket, entry.count);
  }
  let isWhole = true;
  for (let from = 0; from < spread.length; from += CHUNKS_AT_ONCE) {
    for (const table of await source.load(type, spread.slice(from, from + CHUNKS_AT_ONCE), TIME_ONLY)) {
      if (table === undefined) {
        isWhole = false;
        continue;
      }
      const { times } = table;
      for (let row = 0; row < table.count; row += 1) {
        const bucket = buckets.bucketOf(times[row]!);
        if (bucket !== undefined) add(bucket, 1);
      }
    }
  }
  return isWhole;
}
