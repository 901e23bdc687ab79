import type { BudgetPart } from './Budget.js';
import type { Columns, FoundRow } from './EventScan.js';
import { HourWalk } from './HourWalk.js';
import { before, type Position } from './Position.js';
import type { ScanContext } from './ScanContext.js';
import { selectInHour } from './selectInHour.js';

export interface RowPage {
  /** In the order of the scan. */
  readonly rows: readonly FoundRow[];
  /** Where the next page starts; undefined at the end of the range. */
  readonly next: Position | undefined;
  /** The part of the budget that ended the page, if one did. */
  readonly stopped: BudgetPart | undefined;
}

/** The first `limit` rows of a scan behind the first `skip`, hour by hour. */
export async function selectPage(context: ScanContext, wanted: { skip: number; limit: number; columns: Columns }): Promise<RowPage> {
  const { scan, source } = context;
  const walk = new HourWalk(source, scan.type, scan, scan.predicate === undefined ? wanted.skip + wanted.limit : undefined);
  const rows: FoundRow[] = [];
  let { skip } = wanted;
  for (let view = await walk.next(); view !== undefined; view = await walk.next()) {
    const found = await selectInHour(context, walk, view, { skip, limit: wanted.limit - rows.length, columns: wanted.columns });
    skip = found.skip;
    rows.push(...found.rows);
    if (found.stopped !== undefined) return { rows, next: before(found.stopped.at, scan.order), stopped: found.stopped.by };
    const last = rows.at(-1);
    if (last !== undefined && rows.length === wanted.limit) return { rows, next: { time: last.time, offset: last.offset }, stopped: undefined };
  }
  return { rows, next: undefined, stopped: undefined };
}
