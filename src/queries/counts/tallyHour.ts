import type { ColumnName } from '../../codec/columns/Column.js';
import type { EventTable } from '../../codec/columns/EventTable.js';
import { BudgetError } from '../../errors/BudgetError.js';
import type { Breath } from '../../storage/Breath.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { Budget } from '../events/Budget.js';
import type { EventSource } from '../events/EventSource.js';
import { countMatches, matchRows, type RowMask } from '../events/filter/matchRows.js';
import { addColumns, type Predicate } from '../events/filter/Predicate.js';
import { nextGroup } from '../events/nextGroup.js';
import { MOST_READINGS } from '../events/ScanContext.js';
import type { CountBuckets } from './CountBuckets.js';

/** What the hours of one count share. */
export interface Tally {
  readonly source: Pick<EventSource, 'hour' | 'load'>;
  readonly predicate: Predicate | undefined;
  readonly budget: Budget;
  readonly breath: Breath;
}

/** Bucket → events counted in it. */
type Counted = Map<number, number>;

/**
 * Counts the events of an hour that lies in several buckets, is cut by an end of the range, or is filtered. A chunk whose
 * times lie in one bucket is counted by what the index says of it; of the others the times are read.
 * @throws BudgetError
 */
export async function tallyHour(tally: Tally, type: string, hour: number, buckets: CountBuckets): Promise<void> {
  for (let reading = 1; ; reading += 1) {
    const counted: Counted = new Map();
    const isWhole = await tallyChunks(tally, type, await tally.source.hour(type, hour), buckets, counted);
    // A chunk that is gone was merged some time after the index was read, or expired: the index, read again, says which.
    if (!isWhole && reading < MOST_READINGS) continue;
    for (const [bucket, count] of counted) buckets.add(bucket, count);
    return;
  }
}

/** @returns whether no chunk was gone */
async function tallyChunks(tally: Tally, type: string, entries: readonly ChunkIndexEntry[], buckets: CountBuckets, counted: Counted): Promise<boolean> {
  const { source, predicate, budget, breath } = tally;
  const inOne: ChunkIndexEntry[] = [];
  const spread: ChunkIndexEntry[] = [];
  for (const entry of entries) {
    if (!buckets.touches(entry.earliest, entry.latest)) continue;
    const bucket = buckets.bucketOf(entry.earliest, entry.latest);
    if (bucket === undefined) spread.push(entry);
    else if (predicate === undefined) add(counted, bucket, entry.count);
    else inOne.push(entry);
  }
  let isWhole = true;
  for (const chunks of [inOne, spread]) {
    const columns = new Set<ColumnName>(chunks === spread ? ['time'] : []);
    if (predicate !== undefined) addColumns(predicate, columns);
    for (let place = 0; place < chunks.length; ) {
      if (budget.spent !== undefined) throw new BudgetError('countEventsBy', budget.spent, budget.scanned);
      const group = nextGroup(chunks, place, budget.left);
      place += group.length;
      for (const [at, table] of (await source.load(type, group, columns)).entries()) {
        if (table === undefined) {
          isWhole = false;
          continue;
        }
        budget.spend(table.count);
        const mask = predicate === undefined || matchRows(predicate, table);
        if (chunks === spread) addTimes(counted, buckets, table, mask);
        else add(counted, buckets.bucketOf(group[at]!.earliest)!, countMatches(mask, table.count)); // it lies in one
      }
      await breath.take();
    }
  }
  return isWhole;
}

function addTimes(counted: Counted, buckets: CountBuckets, { count, times }: EventTable, mask: RowMask): void {
  if (mask === false) return;
  for (let row = 0; row < count; row += 1) {
    if (mask !== true && mask[row] === 0) continue;
    const bucket = buckets.bucketOf(times[row]!);
    if (bucket !== undefined) add(counted, bucket, 1);
  }
}

function add(counted: Counted, bucket: number, count: number): void {
  counted.set(bucket, (counted.get(bucket) ?? 0) + count);
}
