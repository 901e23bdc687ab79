import { z } from 'zod';

import type { Event } from '../../contract/event.js';
import { BudgetError } from '../../errors/BudgetError.js';
import { limitOption, orderOption, scanOptions, selectOption } from './eventOptions.js';
import type { EventQueryContext } from './EventQueryContext.js';
import { openScan } from './openScan.js';
import { parseEventQuery } from './parseEventQuery.js';
import type { PartialEvent } from './Projection.js';
import { readPage } from './readPage.js';
import { skipHours } from './skipHours.js';

const getEventsOptionsSchema = z.strictObject({
  ...scanOptions,
  select: selectOption,
  limit: limitOption,
  /** Events to leave out before the first that is returned. Default: 0. */
  offset: z.int().min(0).default(0),
  order: orderOption.default('desc'),
});

/** What `getEvents` takes. */
export type GetEventsOptions = z.input<typeof getEventsOptionsSchema>;

const DEEP_OFFSET = 1000;

/**
 * Events of one type, newest first unless told otherwise. Events of one time come in the order in which they were
 * stored, so pages neither overlap nor leave anything out.
 *
 * @throws ValidationError with every bad option; BudgetError; KeyError when a chunk does not open; whatever Redis answers
 */
export async function getEvents(given: GetEventsOptions, context: EventQueryContext): Promise<(Event | PartialEvent)[]> {
  const { options, filter, projection } = parseEventQuery(getEventsOptionsSchema, given, context);
  const { limit, offset, order } = options;
  const whole = openScan(context, options, order, filter);
  const onSpent = (): never => {
    throw new BudgetError('getEvents', whole.budget.spent ?? 'events', whole.budget.scanned);
  };
  const isDeep = offset >= (context.deepOffset ?? DEEP_OFFSET);
  const page = isDeep ? await skipHours(whole, offset, onSpent) : { context: whole, skip: offset };
  const { events, stopped } = await readPage(page.context, { skip: page.skip, limit }, projection);
  return stopped === undefined ? events : onSpent();
}
