import { z } from 'zod';

import type { Event } from '../../contract/event.js';
import type { EventTypeName } from '../../contract/eventTypes.js';
import type { BudgetPart } from './Budget.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { limitOption, orderOption, scanOptions, selectOption } from './eventOptions.js';
import type { EventQueryContext } from './EventQueryContext.js';
import { openScan } from './openScan.js';
import { parseEventQuery } from './parseEventQuery.js';
import type { PartialEvent } from './Projection.js';
import { readPage } from './readPage.js';

export const queryEventsOptionsSchema = z.strictObject({
  ...scanOptions,
  select: selectOption,
  limit: limitOption,
  order: orderOption.default('desc'),
  /** Where to go on: the `cursor` of the page before, with the same type, order and filter. */
  cursor: z.string().optional(),
});

/** What `queryEvents` takes. */
export type QueryEventsOptions = z.input<typeof queryEventsOptionsSchema>;

/** A page of events. */
export interface EventPage<Type extends EventTypeName = EventTypeName, Found = Event<Type>> {
  readonly events: Found[];
  /** Where the next page starts. Absent at the end of the range; with it there may be more, and need not. */
  readonly cursor?: string;
  /** Which part of the budget was used up before the page was full. The cursor goes on from there. */
  readonly stopped?: BudgetPart;
  /** Events that were looked at. */
  readonly scanned: number;
}

/**
 * A page of events, and a cursor to the next. An event that is there while all pages are read is on one of them, exactly
 * once, whatever is stored, merged or removed meanwhile.
 *
 * @throws ValidationError with every bad option; KeyError when a chunk does not open; whatever Redis answers
 */
export async function queryEvents(given: QueryEventsOptions, context: EventQueryContext): Promise<EventPage<EventTypeName, Event | PartialEvent>> {
  const { options, filter, projection } = parseEventQuery(queryEventsOptionsSchema, given, context);
  const { type, limit, order, cursor } = options;
  const asked = { type, order, filter: filter?.canonical ?? '' };
  const after = cursor === undefined ? undefined : decodeCursor(cursor, asked, context.fingerprints);
  const scan = openScan(context, options, order, filter, after);
  const { events, next, stopped } = await readPage(scan, { skip: 0, limit }, projection);
  return {
    events,
    ...(next !== undefined && { cursor: encodeCursor(next, asked, context.fingerprints) }),
    ...(stopped !== undefined && { stopped }),
    // How much there is of others is none of the asker's business.
    scanned: context.view === undefined ? scan.budget.scanned : events.length,
  };
}
