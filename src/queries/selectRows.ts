import { HOUR_MS, hourOf } from '../codec/hours.js';
import type { ChunkIndexEntry } from '../storage/ChunkIndexEntry.js';
import type { ChunkReader } from '../storage/ChunkReader.js';
import { Selection, type Candidate, type Order } from './Selection.js';

/** Rows that keep their times in a column of that name. */
export interface TimedRows {
  readonly timestamps: readonly number[];
}

/** Which rows of one series a query is about. */
export interface RowRange<Rows> {
  readonly series: string;
  /** Least and greatest time of a row, ms; both included, may be infinite. */
  readonly lower: number;
  readonly upper: number;
  readonly order: Order;
  /** Whether a row passes the query's filters; undefined where there are none. */
  readonly matches: ((rows: Rows, row: number) => boolean) | undefined;
  /** Called with chunks before their rows are judged, to load in one go what that takes. */
  readonly prepare?: ((rows: readonly Rows[]) => Promise<void>) | undefined;
}

const FIRST_GROUP = 4;
const LARGEST_GROUP = 32;

/**
 * The first `size` rows of a range in the order of (time, offset).
 *
 * Chunks overlap, but none crosses a UTC hour. Newest first walks them by their latest time, downwards from the end of
 * `upper`'s hour, and ends before a chunk whose latest time is below that of the last row which is kept: one of the same
 * time may still hold a row that comes before it. Oldest first does the same by the earliest time, hour by hour.
 */
export async function selectRows<Rows extends TimedRows>(
  reader: ChunkReader<Rows>,
  range: RowRange<Rows>,
  size: number,
): Promise<Candidate<Rows>[]> {
  const { series, lower, upper, order } = range;
  const selection = new Selection<Rows>(size, order);
  const isBeyond = ({ earliest, latest }: Pick<ChunkIndexEntry, 'earliest' | 'latest'>): boolean => {
    const last = selection.lastTime;
    return last !== undefined && (order === 'desc' ? latest < last : earliest > last);
  };

  let group: ChunkIndexEntry[] = [];
  const openGroup = async (): Promise<void> => {
    if (group.length === 0) return;
    const fetched = await reader.fetch(series, group);
    group = [];
    if (range.prepare !== undefined) await range.prepare(fetched.map((chunk) => chunk.open().rows));
    for (const chunk of fetched) {
      if (isBeyond(chunk.entry)) break;
      const { rows, firstOffset } = chunk.open();
      forEachMatch(rows, range, (time, row) => selection.offer(time, firstOffset + row, rows, row));
    }
  };

  let groupSize = FIRST_GROUP;
  for await (const entry of chunksOf(reader, range)) {
    if (isBeyond(entry)) break;
    if (entry.earliest > upper || entry.latest < lower) continue;
    group.push(entry);
    if (group.length < groupSize) continue;
    await openGroup();
    groupSize = Math.min(groupSize * 2, LARGEST_GROUP);
  }
  await openGroup();
  return selection.sorted();
}

/** How many rows of the range there are. Without filters, only the chunks that its ends cut are opened. */
export async function countRows<Rows extends TimedRows>(reader: ChunkReader<Rows>, range: RowRange<Rows>): Promise<number> {
  const { series, lower, upper, matches } = range;
  let total = 0;
  let group: ChunkIndexEntry[] = [];
  const openGroup = async (): Promise<void> => {
    if (group.length === 0) return;
    const fetched = await reader.fetch(series, group);
    group = [];
    for (const chunk of fetched) forEachMatch(chunk.open().rows, range, () => (total += 1));
  };
  for await (const entry of reader.index(series, { from: lower, to: endOfHour(upper), order: 'desc' })) {
    if (entry.earliest > upper) continue;
    if (matches === undefined && entry.earliest >= lower && entry.latest <= upper) {
      total += entry.count;
      continue;
    }
    group.push(entry);
    if (group.length === LARGEST_GROUP) await openGroup();
  }
  await openGroup();
  return total;
}

function forEachMatch<Rows extends TimedRows>(
  rows: Rows,
  { lower, upper, matches }: RowRange<Rows>,
  visit: (time: number, row: number) => void,
): void {
  for (const [row, time] of rows.timestamps.entries()) {
    if (time < lower || time > upper) continue;
    if (matches === undefined || matches(rows, row)) visit(time, row);
  }
}

function chunksOf<Rows extends TimedRows>(reader: ChunkReader<Rows>, range: RowRange<Rows>): AsyncIterable<ChunkIndexEntry> {
  const { series, lower, upper, order } = range;
  const entries = reader.index(series, { from: lower, to: endOfHour(upper), order });
  return order === 'desc' ? entries : byEarliest(entries);
}

/** Turns entries by latest time into entries by earliest time: within each hour, since no chunk is in two. */
async function* byEarliest(entries: AsyncIterable<ChunkIndexEntry>): AsyncGenerator<ChunkIndexEntry> {
  let hour: ChunkIndexEntry[] = [];
  for await (const entry of entries) {
    if (hour.length > 0 && entry.hour !== hour[0]!.hour) {
      yield* hour.sort((one, other) => one.earliest - other.earliest);
      hour = [];
    }
    hour.push(entry);
  }
  yield* hour.sort((one, other) => one.earliest - other.earliest);
}

/** The last ms of the hour that `time` is in. */
export function endOfHour(time: number): number {
  return time === Infinity ? Infinity : (hourOf(time) + 1) * HOUR_MS - 1;
}
