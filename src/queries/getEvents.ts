import { z } from 'zod';

import { eventIdAt } from '../codec/batchId.js';
import type { EventRows } from '../codec/EventRows.js';
import type { Event, JsonObject } from '../contract/event.js';
import { EventPriority } from '../contract/EventPriority.js';
import { textSchema } from '../contract/json.js';
import { limits } from '../contract/limits.js';
import { ValidationError } from '../errors/ValidationError.js';
import type { EventReader } from '../storage/createEventReader.js';
import { parseOptions } from './parseOptions.js';
import { selectRows, type RowRange } from './selectRows.js';
import { skipHours } from './skipHours.js';

export const getEventsOptionsSchema = z.strictObject({
  type: z.string(),
  /** ms since 1970, included. Default: from the oldest that is kept. */
  startTime: z.number().optional(),
  /** ms since 1970, included. Default: to the newest. */
  endTime: z.number().optional(),
  /** Events to return: 1 to 10,000. Default: 100. */
  limit: z.int().min(1).max(limits.pageSize).default(100),
  /** Events to leave out before the first that is returned. Default: 0. */
  offset: z.int().min(0).default(0),
  /** Newest first (`desc`) or oldest first (`asc`). Default: `desc`. */
  order: z.enum(['asc', 'desc']).default('desc'),
  userId: textSchema(limits.subjectLength).optional(),
  sessionId: textSchema(limits.subjectLength).optional(),
  priority: z.enum(EventPriority).optional(),
});

const ALLOWED = {
  type: 'the name of an event type',
  startTime: 'milliseconds since 1970 (a finite number)',
  endTime: 'milliseconds since 1970 (a finite number)',
  limit: `a whole number from 1 to ${limits.pageSize}`,
  offset: 'a whole number from 0',
  order: "'asc' or 'desc'",
  userId: `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`,
  sessionId: `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`,
  priority: Object.values(EventPriority).join(', '),
};

/** What `getEvents` takes. */
export type GetEventsOptions = z.input<typeof getEventsOptionsSchema>;

export interface GetEventsContext {
  readonly reader: EventReader;
  readonly isKnownType: (type: string) => boolean;
  /** ms since the epoch. Events of the type before this are hidden, whether or not they were removed already. */
  readonly oldestKept: (type: string) => number;
  /** From this offset on whole hours are left out by their counts, which takes one more round trip. Default: 1,000. */
  readonly deepOffset?: number | undefined;
}

const DEEP_OFFSET = 1000;

/**
 * Events of one type, newest first unless told otherwise. Events of one time come in the order in which they were
 * stored, so pages neither overlap nor leave anything out.
 *
 * @throws ValidationError with every bad option; KeyError when a chunk does not open; whatever Redis answers otherwise
 */
export async function getEvents(options: GetEventsOptions, context: GetEventsContext): Promise<Event[]> {
  const { type, startTime, endTime, limit, offset, order, ...filters } = parseOptions('query of events', getEventsOptionsSchema, options, ALLOWED);
  if (!context.isKnownType(type)) {
    throw new ValidationError('query of events', [{ path: 'type', given: 'an unknown type', allowed: ALLOWED.type }]);
  }
  const whole: RowRange<EventRows> = {
    series: type,
    lower: Math.max(startTime ?? -Infinity, context.oldestKept(type)),
    upper: endTime ?? Infinity,
    order,
    matches: matcher(filters),
  };
  const page = offset < (context.deepOffset ?? DEEP_OFFSET) ? { range: whole, offset } : await skipHours(context.reader, whole, offset);
  if (page.range.lower > page.range.upper) return [];
  const candidates = await selectRows(context.reader, page.range, page.offset + limit);
  return candidates.slice(page.offset).map(({ rows, row }) => eventAt(rows, row));
}

type Filters = Pick<z.output<typeof getEventsOptionsSchema>, 'userId' | 'sessionId' | 'priority'>;

function matcher({ userId, sessionId, priority }: Filters): RowRange<EventRows>['matches'] {
  if (userId === undefined && sessionId === undefined && priority === undefined) return undefined;
  return (rows, row) =>
    (priority === undefined || rows.priority === priority) &&
    (userId === undefined || rows.users[row] === userId) &&
    (sessionId === undefined || rows.sessions[row] === sessionId);
}

/** The event in a row. Its JSON is parsed only now: of the rows that are looked at, few are returned. */
export function eventAt(rows: EventRows, row: number): Event {
  const userId = rows.users[row];
  const sessionId = rows.sessions[row];
  const metadata = rows.metadata[row];
  return {
    id: rows.callerIds.get(row) ?? eventIdAt(rows.batchId, rows.places[row]!),
    type: rows.types[row]!,
    priority: rows.priority,
    ...(typeof userId === 'string' && { userId }),
    ...(typeof sessionId === 'string' && { sessionId }),
    properties: JSON.parse(rows.properties[row]!) as JsonObject, // verified before it was sealed
    ...(metadata && { metadata: JSON.parse(metadata) as JsonObject }),
    timestamp: rows.timestamps[row]!,
  };
}
