import type { Event } from '../../contract/event.js';
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
  for (let reading = 1; ; reading += 1) {
    const { rows, next, stopped } = await selectPage(context, { skip, limit, columns: projection?.columns ?? 'all' });
    const events = await readEvents(context, rows, projection, reading >= MOST_READINGS);
    if (events !== undefined) return { events, next, stopped };
  }
}
