import { compareTimes, type EventScan, type LoadedChunk } from './EventScan.js';
import { matchRows } from './filter/matchRows.js';
import type { RowSelection } from './RowSelection.js';

/** Offers the rows of one chunk that belong to a scan. The table has the columns of the filter, time and offset. */
export function offerRows(selection: RowSelection, chunk: LoadedChunk, scan: EventScan): void {
  const { entry, table } = chunk;
  const { predicate, order, lower, upper, after } = scan;
  const mask = predicate === undefined || matchRows(predicate, table);
  if (mask === false) return;
  const { count, times, offsets } = table;
  // In the order of the scan the first rows fill the selection, and all that follow are turned away at a glance.
  const step = order === 'asc' ? 1 : -1;
  const isSorted = entry.blocks > 0;
  for (let row = order === 'asc' ? 0 : count - 1; row >= 0 && row < count; row += step) {
    if (mask !== true && mask[row] === 0) continue;
    const time = times[row]!;
    if (time < lower || time > upper) continue;
    const last = selection.lastTime;
    if (last !== undefined && compareTimes(time, last, scan) > 0) {
      if (isSorted) return;
      continue;
    }
    const offset = offsets[row]!;
    if (after !== undefined && time === after.time && (order === 'asc' ? offset <= after.offset : offset >= after.offset)) continue;
    selection.offer({ time, offset, chunk, row });
  }
}
