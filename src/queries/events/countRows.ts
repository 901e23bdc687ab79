import type { ColumnName } from '../../codec/columns/Column.js';
import type { EventTable } from '../../codec/columns/EventTable.js';
import { HOUR_MS } from '../../codec/hours.js';
import { liesWithin, reachesInto } from './EventScan.js';
import { countMatches, matchRows, type RowMask } from './filter/matchRows.js';
import { addColumns } from './filter/Predicate.js';
import { HourWalk, type HourView } from './HourWalk.js';
import { MOST_ROWS, nextGroup } from './nextGroup.js';
import { MOST_READINGS, type ScanContext } from './ScanContext.js';

/**
 * Hours that are read at once: what Redis takes to answer for one passes while another is decoded. A million events lie in 240 hours
 * of two round trips each, which took 40 % of the time.
 */
const HOURS_AT_ONCE = 4;

/**
 * How many events a scan is about. Without a filter from the hours' counts and the index, and only chunks that the range
 * cuts are opened; with one only the filter's columns.
 * @param onSpent throws; called when the budget is used up
 */
export async function countRows(context: ScanContext, onSpent: () => never): Promise<number> {
  const { source, scan } = context;
  if (scan.lower > scan.upper) return 0;
  if (scan.predicate === undefined) {
    let total = 0;
    for (const [hour, count] of await source.hourCounts(scan.type)) {
      const start = hour * HOUR_MS;
      const end = start + HOUR_MS - 1;
      if (count === 0 || end < scan.lower || start > scan.upper) continue;
      const isWhole = start >= scan.lower && end <= scan.upper;
      total += isWhole ? count : await countHour(context, await wholeHour(context, hour), onSpent);
    }
    return total;
  }
  return countHours(context, onSpent);
}

async function countHours(context: ScanContext, onSpent: () => never): Promise<number> {
  const { source, scan, budget } = context;
  const walk = new HourWalk(source, scan.type, scan);
  const underWay: Promise<number>[] = [];
  let total = 0;
  for (let view = await walk.nextWhole(); view !== undefined; view = await walk.nextWhole()) {
    const counting = countHour(context, view, onSpent);
    // Whoever awaits it is told; until then somebody has to have heard of it.
    counting.catch(() => undefined);
    underWay.push(counting);
    // What a budget stops at is exact: near its end one hour waits for the other.
    const most = budget.left > HOURS_AT_ONCE * MOST_ROWS ? HOURS_AT_ONCE : 1;
    while (underWay.length >= most) total += await underWay.shift()!;
  }
  for (const counting of underWay) total += await counting;
  return total;
}

/** How many of an hour's events a scan is about. */
export async function countHour(context: ScanContext, first: HourView, onSpent: () => never): Promise<number> {
  let view = first;
  for (let reading = 1; ; reading += 1) {
    const counted = await tryView(context, view, reading >= MOST_READINGS, onSpent);
    if (counted !== undefined) return counted;
    view = await wholeHour(context, view.hour);
  }
}

export async function wholeHour({ source, scan }: ScanContext, hour: number): Promise<HourView> {
  return { hour, entries: await source.hour(scan.type, hour), isWhole: true };
}

/** @returns undefined when a chunk was not there, unless those are to be passed over */
async function tryView({ scan, source, budget, breath }: ScanContext, view: HourView, passesOverGone: boolean, onSpent: () => never): Promise<number | undefined> {
  const { predicate } = scan;
  const reaching = view.entries.filter((entry) => reachesInto(entry, scan));
  const [within, cut] = [reaching.filter((entry) => liesWithin(entry, scan)), reaching.filter((entry) => !liesWithin(entry, scan))];
  let total = 0;
  if (predicate === undefined) for (const { count } of within) total += count;

  for (const entries of predicate === undefined ? [cut] : [within, cut]) {
    const columns = new Set<ColumnName>(entries === cut ? ['time'] : []);
    if (predicate !== undefined) addColumns(predicate, columns);
    for (let place = 0; place < entries.length; ) {
      if (budget.spent !== undefined) onSpent();
      const group = nextGroup(entries, place, budget.left);
      place += group.length;
      for (const [at, table] of (await source.load(scan.type, group, columns)).entries()) {
        if (table === undefined) {
          if (!passesOverGone) return undefined;
          continue;
        }
        budget.spend(group[at]!.count);
        const mask = predicate === undefined || matchRows(predicate, table);
        total += entries === cut ? countBetween(mask, table, scan.lower, scan.upper) : countMatches(mask, table.count);
      }
      await breath.take();
    }
  }
  return total;
}

function countBetween(mask: RowMask, { count, times }: EventTable, lower: number, upper: number): number {
  if (mask === false) return 0;
  let total = 0;
  for (let row = 0; row < count; row += 1) {
    const time = times[row]!;
    if (time >= lower && time <= upper && (mask === true || mask[row] === 1)) total += 1;
  }
  return total;
}
