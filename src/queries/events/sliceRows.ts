import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { EventTable } from '../../codec/columns/EventTable.js';
import { compareTimes, endOf, startOf, type Columns, type EventScan, type FoundRow } from './EventScan.js';
import type { ScanContext } from './ScanContext.js';

export interface Slice {
  readonly rows: readonly FoundRow[];
  /** Rows that were to be left out and are not in these chunks. */
  readonly skip: number;
}

/**
 * `limit` rows behind the first `skip` of a scan without a filter, taken from where they stand: the rows of a merged chunk are in
 * order, and where each ends before the next begins, so are all of them. A page in the middle of an hour would offer
 * thousands of rows to a selection otherwise, to keep a hundred.
 * @param entries in the order of their starts
 * @returns undefined where they have to be selected: there is a filter, chunks overlap or are not merged, or the budget may not do; 'gone' when one was not there
 */
export async function sliceRows(
  { scan, source, budget, breath }: ScanContext,
  entries: readonly ChunkIndexEntry[],
  { skip, limit, columns }: { readonly skip: number; readonly limit: number; readonly columns: Columns },
): Promise<Slice | 'gone' | undefined> {
  const stored = entries.reduce((sum, { count }) => sum + count, 0);
  if (scan.predicate !== undefined || budget.spent !== undefined || stored > budget.left || !areInOrder(entries, scan)) return undefined;
  const rows: FoundRow[] = [];
  let left = skip;
  for (const entry of entries) {
    const [table] = await source.load(scan.type, [entry], columns);
    if (table === undefined) return 'gone';
    budget.spend(entry.count);
    const [from, to] = rowsWithin(table, scan);
    const chunk = { entry, table, isComplete: columns === 'all' };
    const first = Math.min(left, to - from);
    const last = Math.min(to - from, first + limit - rows.length);
    left -= first;
    for (let n = first; n < last; n += 1) {
      const row = scan.order === 'asc' ? from + n : to - 1 - n;
      rows.push({ time: table.times[row]!, offset: table.offsets[row]!, chunk, row }); // below `count`
    }
    if (rows.length === limit) break;
    await breath.take();
  }
  return { rows, skip: left };
}

/** Whether the rows of these chunks, one chunk after the other, are all in order. */
function areInOrder(entries: readonly ChunkIndexEntry[], scan: EventScan): boolean {
  return entries.every((entry, place) => {
    const next = entries[place + 1];
    return entry.blocks > 0 && (next === undefined || compareTimes(endOf(entry, scan), startOf(next, scan), scan) < 0);
  });
}

/** The first row of a range in a table that is in order, and the first behind it. */
function rowsWithin({ count, times, offsets }: EventTable, { lower, upper, after, order }: EventScan): readonly [from: number, to: number] {
  let from = firstRow(count, (row) => times[row]! >= lower);
  let to = firstRow(count, (row) => times[row]! > upper);
  if (after !== undefined) {
    const isBehind = (row: number): boolean => times[row]! > after.time || (times[row] === after.time && (order === 'asc' ? offsets[row]! > after.offset : offsets[row]! >= after.offset));
    const bound = firstRow(count, isBehind);
    if (order === 'asc') from = Math.max(from, bound);
    else to = Math.min(to, bound);
  }
  return [from, Math.max(from, to)];
}

/** The first row for which this is so, and is for all that follow; `count` where there is none. */
function firstRow(count: number, isSo: (row: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
