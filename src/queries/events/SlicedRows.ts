import type { EventTable } from '../../codec/columns/EventTable.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import { compareTimes, endOf, startOf, type EventScan, type FoundRow, type LoadedChunk } from './EventScan.js';
import type { PickedRows, RowPicker } from './RowPicker.js';

/**
 * Picks from chunks whose rows are in order, one chunk after the other: they are taken from where they stand. A page in the
 * middle of an hour would offer thousands of rows to a selection otherwise, to keep a hundred.
 */
export class SlicedRows implements RowPicker {
  readonly #scan: EventScan;
  readonly #limit: number;
  readonly #rows: FoundRow[] = [];
  #skip: number;

  /** Whether chunks, in the order of their starts, can be picked from so: merged ones without a filter, each of which ends before the next begins. */
  static suits(entries: readonly ChunkIndexEntry[], scan: EventScan): boolean {
    if (scan.predicate !== undefined) return false;
    return entries.every((entry, place) => {
      const next = entries[place + 1];
      return entry.blocks > 0 && (next === undefined || compareTimes(endOf(entry, scan), startOf(next, scan), scan) < 0);
    });
  }

  /** @param skip rows to leave out before the `limit` that are wanted */
  constructor(scan: EventScan, skip: number, limit: number) {
    this.#scan = scan;
    this.#limit = limit;
    this.#skip = skip;
  }

  get lastTime(): number | undefined {
    return this.#rows.length < this.#limit ? undefined : this.#rows.at(-1)?.time;
  }

  offer(chunk: LoadedChunk): void {
    const { times, offsets } = chunk.table;
    const [from, to] = rowsWithin(chunk.table, this.#scan);
    const first = Math.min(this.#skip, to - from);
    const last = Math.min(to - from, first + this.#limit - this.#rows.length);
    this.#skip -= first;
    for (let n = first; n < last; n += 1) {
      const row = this.#scan.order === 'asc' ? from + n : to - 1 - n;
      this.#rows.push({ time: times[row]!, offset: offsets[row]!, chunk, row }); // below `count`
    }
  }

  picked(isWanted: (time: number) => boolean = () => true): PickedRows {
    return { rows: this.#rows.filter(({ time }) => isWanted(time)), skip: this.#skip };
  }
}

/** The first row of a scan in a table that is in order, and the first behind its last. */
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
