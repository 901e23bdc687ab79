import { z } from 'zod';

import { EventPriority } from '../../contract/EventPriority.js';
import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';
import type { EventFilter } from './filter/EventFilter.js';
import type { SelectedField } from './Projection.js';

/** What the query may look at before it stops: see `BudgetOptions`. */
export const budgetOption = z.strictObject({ events: z.int().min(1).optional(), ms: z.number().positive().optional() }).optional();

/** Checked by `parseFilter`, which says where in it something is wrong. */
export const whereOption = z.custom<EventFilter>();

/** Which events: what every query of events takes. */
export const scanOptions = {
  type: z.string(),
  /** ms since 1970, included. Default: from the oldest that is kept. */
  startTime: z.number().optional(),
  /** ms since 1970, included. Default: to the newest. */
  endTime: z.number().optional(),
  userId: textSchema(limits.subjectLength).optional(),
  sessionId: textSchema(limits.subjectLength).optional(),
  priority: z.enum(EventPriority).optional(),
  /** Only events that pass this filter. Default: all. */
  where: whereOption.optional(),
  budget: budgetOption,
};

/** Checked by `parseSelect`. */
export const fieldsOption = z.custom<readonly SelectedField[]>();

/** Only these members of each event. Default: all. */
export const selectOption = fieldsOption.optional();

/** Newest first (`desc`) or oldest first (`asc`). */
export const orderOption = z.enum(['asc', 'desc']);

/** Events to return: 1 to 10,000. Default: 100. */
export const limitOption = z.int().min(1).max(limits.pageSize).default(100);

const TEXT = `a string of 1 to ${limits.subjectLength} characters, well-formed Unicode`;

/** What may stand in each, in words. */
export const ALLOWED = {
  type: 'the name of an event type',
  startTime: 'milliseconds since 1970 (a finite number)',
  endTime: 'milliseconds since 1970 (a finite number)',
  userId: TEXT,
  sessionId: TEXT,
  priority: Object.values(EventPriority).join(', '),
  where: 'a filter',
  budget: '{ events: a whole number from 1, ms: a number above 0 }, either of which may be left out',
  select: `an array of 1 to ${limits.selectedFields} members`,
  order: "'asc' or 'desc'",
  limit: `a whole number from 1 to ${limits.pageSize}`,
  offset: 'a whole number from 0',
  cursor: 'a cursor that queryEvents gave',
  id: `a string of 1 to ${limits.eventIdLength} characters, well-formed Unicode`,
  interval: "'minute', 'hour' or 'day'",
  timezone: "the name of a time zone, such as 'Europe/Berlin'",
  period: "'day', 'week' or 'month'",
};
