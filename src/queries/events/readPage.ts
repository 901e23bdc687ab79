import type { Event } from '../../contract/event.js';
import type { Columns } from './EventScan.js';
import type { PartialEvent, Projection } from './Projection.js';
import { readEvents } from './readEvents.js';
import { MOST_READINGS, type ScanContext } from './ScanContext.js';
import { selectPage, type RowPage } from './selectPage.js';

export interface ReadPage extends Omit<RowPage, 'rows'> {
  readonly events: (Event | PartialEvent)[];
}

/**
 * The events of a page: their rows are found by few columns, then read. Where a chunk went in between, its events may be
 * in another now, and the page is found anew.
 */
export async function readPage(context: ScanContext, { skip, limit }: { skip: number; limit: number }, projection: Projection | undefined): Promise<ReadPage> {
  const columns = columnsOf(projection, context.trace !== undefined);
  for (let reading = 1; ; reading += 1) {
    const { rows, next, stopped } = await selectPage(context, { skip, limit, columns });
    const events = await readEvents(context, rows, { projection, columns, passesOverGone: reading >= MOST_READINGS, isAnswer: stopped === undefined });
    if (events !== undefined) return { events, next, stopped };
  }
}

/** What is read of each event: what is shown, and whose it is, where that is recorded. */
function columnsOf(projection: Projection | undefined, isTraced: boolean): Columns {
  if (projection === undefined || projection.columns === 'all') return 'all';
  return isTraced ? new Set([...projection.columns, 'user']) : projection.columns;
}
