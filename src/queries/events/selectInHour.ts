import type { ColumnName } from '../../codec/columns/Column.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { BudgetPart } from './Budget.js';
import { compareTimes, reachesInto, startOf, type Columns } from './EventScan.js';
import { addColumns } from './filter/Predicate.js';
import type { HourView, HourWalk } from './HourWalk.js';
import { nextGroup } from './nextGroup.js';
import { passOver } from './passOver.js';
import type { PickedRows } from './RowPicker.js';
import { MOST_READINGS, type ScanContext } from './ScanContext.js';
import { SelectedRows } from './SelectedRows.js';
import { SlicedRows } from './SlicedRows.js';

/** Which of an hour's rows are wanted: `limit` of them behind the first `skip`. */
export interface Wanted {
  readonly skip: number;
  readonly limit: number;
  /** What the rows that are found will be read for. */
  readonly columns: Columns;
}

/** Of the rows to be left out those that are not in this hour are still to be. */
export interface HourRows extends PickedRows {
  /** Set where the budget ended before the hour did: no event before this time, in the scan's order, is missing. */
  readonly stopped?: { readonly by: BudgetPart; readonly at: number };
}

/** So few chunks without a filter are opened for good at once: a row that is found is in them, almost always. */
const FEW_CHUNKS = 2;
/** Rows that are looked at first for a filter, which may pass any part of them. */
const FIRST_FILTERED_ROWS = 4096;

/** The wanted rows of one hour. */
export async function selectInHour(context: ScanContext, walk: HourWalk, first: HourView, wanted: Wanted): Promise<HourRows> {
  let view = context.scan.order === 'asc' && !first.isWhole ? await walk.more(first) : first;
  for (let reading = 1; ; ) {
    const found = await tryView(context, view, wanted, reading >= MOST_READINGS);
    if (found === 'more') view = await walk.more(view);
    else if (found === 'gone') {
      view = await walk.reread(view.hour);
      reading += 1;
    } else return found;
  }
}

/**
 * @returns 'more' when the view is in part, and the rows may be in what it lacks; 'gone' when a chunk was not there,
 *   unless those are to be passed over
 */
async function tryView(context: ScanContext, view: HourView, wanted: Wanted, passesOverGone: boolean): Promise<HourRows | 'more' | 'gone'> {
  const { scan, source, budget, breath } = context;
  const reaching = view.entries.filter((entry) => reachesInto(entry, scan));
  // A walk gives chunks by their latest time, which is their start only when the newest comes first.
  if (scan.order === 'asc') reaching.sort((one, other) => one.earliest - other.earliest);
  const canPass = wanted.skip > 0 && scan.predicate === undefined;
  const over = canPass ? passOver(reaching, view.isWhole, scan, wanted.skip) : { passed: 0, entries: reaching };
  if (over === undefined) return 'more';
  const { passed, entries } = over;

  const skip = wanted.skip - passed;
  const { limit } = wanted;
  const picker = SlicedRows.suits(entries, scan) ? new SlicedRows(scan, skip, limit) : new SelectedRows(scan, skip, limit);
  const isBeyond = (entry: ChunkIndexEntry): boolean => {
    const last = picker.lastTime;
    return last !== undefined && compareTimes(startOf(entry, scan), last, scan) > 0;
  };

  let groupRows = scan.predicate === undefined ? skip + limit : FIRST_FILTERED_ROWS;
  let place = 0;
  for (let groups = 0; place < entries.length; groups += 1) {
    const next = entries[place]!;
    if (isBeyond(next)) break;
    const at = startOf(next, scan);
    const by = budget.spent;
    if (by !== undefined && isProgress(context, at)) {
      return { ...picker.picked((time) => compareTimes(time, at, scan) < 0), stopped: { by, at } };
    }
    const group = nextGroup(entries, place, Math.min(groupRows, Math.max(budget.left, 1)));
    place += group.length;
    // The second group is as large as the first: what overlaps is often a little more than what is wanted.
    if (groups > 0) groupRows *= 2;
    const columns = columnsFor(context, group, wanted.columns);
    const tables = await source.load(scan.type, group, columns);
    for (const [at, entry] of group.entries()) {
      const table = tables[at];
      if (table === undefined) {
        if (!passesOverGone) return 'gone';
        continue;
      }
      if (isBeyond(entry)) break;
      budget.spend(entry.count);
      picker.offer({ entry, table, isComplete: columns === 'all' || entry.blocks === 0 });
    }
    await breath.take();
  }

  const last = view.entries.at(-1);
  if (!view.isWhole && place === entries.length && last !== undefined) {
    // What the view lacks may reach up to its last chunk's start.
    const time = picker.lastTime;
    if (time === undefined || time <= last.latest) return 'more';
  }
  return picker.picked();
}

/** Whether a query that goes on at this time gets further than the one before it: the same could be asked for ever otherwise. */
function isProgress({ scan, budget }: ScanContext, at: number): boolean {
  return budget.scanned > 0 && (scan.after === undefined || compareTimes(at, scan.after.time, scan) > 0);
}

function columnsFor({ scan }: ScanContext, group: readonly ChunkIndexEntry[], wanted: Columns): Columns {
  const columns = new Set<ColumnName>(['time', 'offset']);
  if (scan.predicate !== undefined) addColumns(scan.predicate, columns);
  else if (group.length <= FEW_CHUNKS) {
    if (wanted === 'all') return 'all';
    for (const column of wanted) columns.add(column);
  }
  return columns;
}
