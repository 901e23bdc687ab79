import { z } from 'zod';

import { batchIdOf } from '../../codec/batchId.js';
import type { Event } from '../../contract/event.js';
import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';
import { BudgetError } from '../../errors/BudgetError.js';
import { budgetOption } from './eventOptions.js';
import type { EventQueryContext } from './EventQueryContext.js';
import { isOwned } from './EventView.js';
import { findById, type IdTrace } from './findById.js';
import { openScan } from './openScan.js';
import { parseEventQuery } from './parseEventQuery.js';

export const getEventOptionsSchema = z.strictObject({
  id: textSchema(limits.eventIdLength),
  /** Default: any type; the first that has the id, in the order in which the types were defined. */
  type: z.string().optional(),
  budget: budgetOption,
});

/** What `getEvent` takes beside the id. */
export type GetEventOptions = Omit<z.input<typeof getEventOptionsSchema>, 'id'>;

/**
 * The event with an id. The marks by which repeated events are known say whether a type has it, so that an id that was
 * never stored costs one round trip; where it is follows from its batch, or about from the day of the mark.
 *
 * @throws ValidationError with every bad option; BudgetError; KeyError when a chunk does not open; whatever Redis answers
 */
export async function getEvent(id: string, given: GetEventOptions, context: EventQueryContext): Promise<Event | undefined> {
  const { options } = parseEventQuery(getEventOptionsSchema, given, context, { id });
  const { view } = context;
  if (view?.shown(options.type) !== undefined) view.refuse('field', 'The actor may not see this member, and so not ask by it.', 'id');
  const types = (options.type === undefined ? context.typeNames() : [options.type]).filter((type) => view?.mayRead(type) ?? true);
  for (const trace of await tracesOf(id, types, context)) {
    const scan = openScan(context, { type: trace.type, budget: options.budget }, 'desc', undefined);
    const event = await findById(scan, trace, () => {
      throw new BudgetError('getEvent', scan.budget.spent ?? 'events', scan.budget.scanned);
    });
    if (event === undefined) continue;
    if (view === undefined || isOwned(event.userId, view)) {
      context.trace?.see(event.userId);
      return event;
    }
    // The answer to an id of somebody else's is that to an id of nobody's.
    context.trace?.withhold(event.userId);
    return undefined;
  }
  return undefined;
}

/** Where the event may be, one for each type that remembers its id. */
async function tracesOf(id: string, types: readonly string[], context: EventQueryContext): Promise<IdTrace[]> {
  const batchId = batchIdOf(id);
  const questions = types.flatMap((type) => [
    { type, kind: 'event' as const, id },
    ...(batchId === undefined ? [] : [{ type, kind: 'batch' as const, id: batchId }]),
  ]);
  const marks = await context.seenMarks.find(questions);
  const each = batchId === undefined ? 1 : 2;
  return types.flatMap((type, place): IdTrace[] => {
    const own = marks[place * each];
    const ofBatch = batchId === undefined ? undefined : marks[place * each + 1];
    if (own === undefined && ofBatch === undefined) return [];
    return [{ type, id, own, batchId: ofBatch && batchId }];
  });
}
