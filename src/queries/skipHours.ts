import { HOUR_MS } from '../codec/hours.js';
import type { ChunkReader } from '../storage/ChunkReader.js';
import { countRows, endOfHour, type RowRange, type TimedRows } from './selectRows.js';

/**
 * Leaves out whole hours that lie before a page's first row, so that a deep offset costs one read of the hours' counts
 * and not the opening of everything before it; nor are more candidates kept than an hour holds. What is left of a range
 * starts in the hour that the page may start in, with the rest of the offset.
 *
 * An hour that the range cuts, or that is filtered, is counted by `countRows`.
 */
export async function skipHours<Rows extends TimedRows>(
  reader: ChunkReader<Rows>,
  range: RowRange<Rows>,
  offset: number,
): Promise<{ readonly range: RowRange<Rows>; readonly offset: number }> {
  const { series, order, matches } = range;
  const hours = [...(await reader.hourCounts(series))].sort(([one], [other]) => (order === 'desc' ? other - one : one - other));
  let { lower, upper } = range;
  let left = offset;
  for (const [hour, stored] of hours) {
    const start = hour * HOUR_MS;
    const end = endOfHour(start);
    if (end < lower || start > upper) continue;
    // At most `stored` rows of this hour match: with more of them than are to be left out, the page may start in it.
    if (stored > left) break;
    const isWhole = matches === undefined && start >= lower && end <= upper;
    left -= isWhole ? stored : await countRows(reader, { ...range, lower: Math.max(start, lower), upper: Math.min(end, upper) });
    if (order === 'desc') upper = start - 1;
    else lower = end + 1;
  }
  return { range: { ...range, lower, upper }, offset: left };
}
