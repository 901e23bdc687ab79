import { z } from 'zod';

import { eventDataSchema, eventSchema } from '../contract/event.js';
import { jsonObjectSchema, jsonValueSchema } from '../contract/json.js';
import { limits } from '../contract/limits.js';
import { metricDataSchema, metricSchema } from '../contract/metric.js';
import type { EventFilter } from '../queries/events/filter/EventFilter.js';

// What the description of the API says of bodies and answers besides the schemas that the service itself parses with. Tests
// hold the filter to `parseFilter`, and real answers to these.

const filterText = z.string().max(limits.filterTextLength);
const filterValue = z.union([filterText, z.number(), z.boolean(), z.null()]);
const ordered = z.union([z.number(), filterText]);
const keys = z.array(z.string().max(limits.keyLength)).min(1).max(limits.depth + 1);
const member = z.string().regex(/^(properties|metadata)\../);

const condition = z.strictObject({
  field: z.union([z.enum(['id', 'userId', 'sessionId', 'priority', 'timestamp']), member, keys]),
  eq: filterValue.optional(),
  ne: filterValue.optional(),
  gt: ordered.optional(),
  gte: ordered.optional(),
  lt: ordered.optional(),
  lte: ordered.optional(),
  in: z.array(filterValue).max(limits.filterListLength).optional(),
  exists: z.boolean().optional(),
  prefix: filterText.optional(),
  contains: filterValue.optional(),
});

/** As `EventFilter` says it to TypeScript; how deep and how large it may be is said by words. */
export const filterSchema: z.ZodType<EventFilter> = z.lazy(() =>
  z.union([z.strictObject({ and: z.array(filterSchema) }), z.strictObject({ or: z.array(filterSchema) }), z.strictObject({ not: filterSchema }), condition as unknown as z.ZodType<EventFilter>]), // which has its fields as templates of strings
);

export const fieldsSchema = z
  .array(z.union([z.enum(['id', 'type', 'priority', 'userId', 'sessionId', 'timestamp', 'properties', 'metadata']), member, keys]))
  .min(1)
  .max(limits.selectedFields);

/** An actor is shown those members that its roles may see: see docs/access.md. */
export const shownEventSchema = eventSchema.partial();

const count = z.int().nonnegative();
const tags = z.record(z.string(), z.string());

export const eventPageSchema = z.object({
  events: z.array(shownEventSchema),
  /** Where the next page starts; absent at the end. */
  cursor: z.string().optional(),
  stopped: z.enum(['events', 'time']).optional(),
  scanned: count,
});
export const eventCountSchema = z.object({ count });
export const eventCountsSchema = z.object({ counts: z.array(z.object({ type: z.string(), time: z.number(), count })) });
export const userCountsSchema = z.object({ counts: z.array(z.object({ time: z.number(), users: z.number() })) });
export const samplesSchema = z.object({
  samples: z.array(metricSchema),
  /** Whether there are more than an answer holds: ask from the last time on. */
  more: z.boolean(),
});
export const aggregatesSchema = z.object({
  name: z.string(),
  aggregations: z.array(z.string()),
  interval: z.union([z.number(), z.string(), z.null()]),
  timezone: z.string(),
  series: z.array(z.object({ tags, points: z.array(z.record(z.string(), z.union([z.number(), z.null()]))) })),
  source: z.object({ samples: count, rollupRows: count, hoursLeftOut: count }),
});
export const metricNamesSchema = z.object({ metrics: z.array(z.object({ name: z.string(), series: count, latest: z.number().nullable(), overflow: count })) });
export const tagNamesSchema = z.object({ tags: z.array(z.string()) });
export const tagValuesSchema = z.object({ values: z.array(z.string()) });
export const statsSchema = z.looseObject({ at: z.number() });

export const issueSchema = z.object({ path: z.string(), given: z.string(), allowed: z.string() });
const refusal = {
  /** Stable: match on it. */
  code: z.string(),
  detail: z.string().optional(),
  issues: z.array(issueSchema).optional(),
  operation: z.string().optional(),
  reason: z.string().optional(),
  field: z.string().optional(),
  id: z.string().optional(),
  retryAfterMs: z.number().optional(),
};
export const problemSchema = z.object({ type: z.string(), title: z.string(), status: z.int(), ...refusal, requestId: z.string() });
/** Of a sample, which has no id. */
export const takenSchema = z.object({});
/** A row of an export: its columns are the fields that were asked for. */
export const rowSchema = z.record(z.string(), jsonValueSchema);
export const trackedEventSchema = z.object({ id: z.string() });
export const trackedManySchema = z.object({
  results: z.array(z.union([z.object({ ok: z.literal(true), id: z.string().optional() }), z.object({ ok: z.literal(false), error: z.object(refusal) })])),
});

/** Items of one bulk call. */
export const MOST_ITEMS = 10_000;
export const eventsBodySchema = z.union([eventDataSchema, z.array(eventDataSchema).min(1).max(MOST_ITEMS)]);
export const metricsBodySchema = z.union([metricDataSchema, z.array(metricDataSchema).min(1).max(MOST_ITEMS)]);

/** What the description names instead of repeating it. */
export const namedSchemas = {
  Event: shownEventSchema,
  EventData: eventDataSchema,
  EventFilter: filterSchema,
  SelectedFields: fieldsSchema,
  EventPage: eventPageSchema,
  Sample: metricSchema,
  SampleData: metricDataSchema,
  Problem: problemSchema,
  Issue: issueSchema,
  Results: trackedManySchema,
  JsonValue: jsonValueSchema,
  JsonObject: jsonObjectSchema,
} as const;
