import { z } from 'zod';

import { BudgetError } from '../../errors/BudgetError.js';
import { countRows } from './countRows.js';
import { scanOptions } from './eventOptions.js';
import type { EventQueryContext } from './EventQueryContext.js';
import { mayTell } from './EventView.js';
import { openScan } from './openScan.js';
import { parseEventQuery } from './parseEventQuery.js';

export const countEventsOptionsSchema = z.strictObject(scanOptions);

/** What `countEvents` takes. */
export type CountEventsOptions = z.input<typeof countEventsOptionsSchema>;

/**
 * How many events of one type there are.
 * @throws ValidationError with every bad option; BudgetError; KeyError when a chunk does not open; whatever Redis answers
 */
export async function countEvents(given: CountEventsOptions, context: EventQueryContext): Promise<number> {
  const { options, filter } = parseEventQuery(countEventsOptionsSchema, given, context);
  for (const user of filter?.users ?? []) context.trace?.see(user);
  const scan = openScan(context, options, 'desc', filter);
  const count = await countRows(scan, () => {
    throw new BudgetError('countEvents', scan.budget.spent ?? 'events', scan.budget.scanned);
  });
  if (!mayTell(count, context.view)) context.view?.refuse('small_count', `There are fewer than ${context.view.leastCount}: of so few somebody might be recognised.`);
  return count;
}
