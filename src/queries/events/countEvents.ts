import { z } from 'zod';

import { BudgetError } from '../../errors/BudgetError.js';
import { countRows } from './countRows.js';
import { scanOptions } from './eventOptions.js';
import type { EventQueryContext } from './EventQueryContext.js';
import { openScan } from './openScan.js';
import { parseEventQuery } from './parseEventQuery.js';

const countEventsOptionsSchema = z.strictObject(scanOptions);

/** What `countEvents` takes. */
export type CountEventsOptions = z.input<typeof countEventsOptionsSchema>;

/**
 * How many events of one type there are.
 * @throws ValidationError with every bad option; BudgetError; KeyError when a chunk does not open; whatever Redis answers
 */
export async function countEvents(given: CountEventsOptions, context: EventQueryContext): Promise<number> {
  const { options, filter } = parseEventQuery(countEventsOptionsSchema, given, context);
  const scan = openScan(context, options, 'desc', filter);
  return countRows(scan, () => {
    throw new BudgetError('countEvents', scan.budget.spent ?? 'events', scan.budget.scanned);
  });
}
