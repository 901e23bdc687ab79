import { HOUR_MS } from '../../codec/hours.js';
import { countHour, wholeHour } from './countRows.js';
import { compareTimes } from './EventScan.js';
import type { ScanContext } from './ScanContext.js';

/**
 * Leaves out whole hours that lie before a page's first row, so that a deep offset costs one read of the hours' counts
 * and not the opening of everything before it. What is left starts in the hour that the page may start in, with the rest
 * of the offset. An hour that the range cuts, or that is filtered, is counted.
 */
export async function skipHours(context: ScanContext, skip: number, onSpent: () => never): Promise<{ readonly context: ScanContext; readonly skip: number }> {
  const { source, scan } = context;
  const hours = [...(await source.hourCounts(scan.type))].sort(([one], [other]) => compareTimes(one, other, scan));
  let { lower, upper } = scan;
  let left = skip;
  for (const [hour, stored] of hours) {
    const start = hour * HOUR_MS;
    const end = start + HOUR_MS - 1;
    if (end < lower || start > upper) continue;
    // At most `stored` rows of this hour match: with more of them than are to be left out, the page may start in it.
    if (stored > left) break;
    const isWhole = scan.predicate === undefined && start >= lower && end <= upper;
    left -= isWhole ? stored : await countHour(context, await wholeHour(context, hour), onSpent);
    if (scan.order === 'desc') upper = start - 1;
    else lower = end + 1;
  }
  return { context: { ...context, scan: { ...scan, lower, upper } }, skip: left };
}
