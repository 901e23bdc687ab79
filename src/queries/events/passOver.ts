import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import { compareTimes, endOf, liesWithin, startOf, type EventScan } from './EventScan.js';

export interface PassedOver {
  /** Rows of the chunks that were left out: all of them come before the rows that are wanted. */
  readonly passed: number;
  readonly entries: readonly ChunkIndexEntry[];
}

/**
 * Leaves out, unopened, chunks that lie wholly before the row at `place` of a scan without a filter.
 *
 * At least so many rows as are in the chunks that start later than a time come after it; so the row at `place` is no
 * earlier, in the scan's order, than the start at which the chunks up to there hold more than `place` rows. A chunk that
 * ends before that start is before the row, and is left out by its count. Where merged chunks of an hour touch, two or
 * three stay.
 * @param entries of one hour, in the order of their starts: all, or with `isWhole` false only the first
 * @returns undefined where these are too few to tell
 */
export function passOver(entries: readonly ChunkIndexEntry[], isWhole: boolean, scan: EventScan, place: number): PassedOver | undefined {
  let rows = 0;
  const reaching = entries.find((entry) => (rows += entry.count) > place);
  if (reaching === undefined && !isWhole) return undefined;
  const start = reaching && startOf(reaching, scan);
  let passed = 0;
  const left = entries.filter((entry) => {
    if ((start !== undefined && compareTimes(endOf(entry, scan), start, scan) >= 0) || !liesWithin(entry, scan)) return true;
    passed += entry.count;
    return false;
  });
  return { passed, entries: left };
}
