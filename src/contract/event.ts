import { z } from 'zod';
import { EventPriority } from './EventPriority.js';
import { eventTypeNamePattern, type EventTypeName, type PropertiesIn, type PropertiesOut } from './eventTypes.js';
import { jsonObjectSchema, textSchema, timeSchema } from './json.js';
import { limits } from './limits.js';

const prioritySchema = z.enum(EventPriority);

/**
 * What `trackEvent` takes. The producer checks it with `normalizeEvent`, which reads every member once, knows the
 * limits of the whole and runs ten times as often as anything else; this is the same in words, for the other borders.
 */
export const eventDataSchema = z.strictObject({
  /** An event is stored once per id and type. Default: a new UUIDv7. */
  id: textSchema(limits.eventIdLength).optional(),
  /** One of `EventType`, or what `defineEventType` returned. */
  type: z.string().regex(eventTypeNamePattern),
  /** Default: the type's own, else `normal`. */
  priority: prioritySchema.optional(),
  /** Whose event it is: only this user's sockets receive it. */
  userId: textSchema(limits.subjectLength).optional(),
  sessionId: textSchema(limits.subjectLength).optional(),
  /** What happened: any JSON object, unless the type has a schema. Default: `{}`. */
  properties: jsonObjectSchema.optional(),
  /** Where it happened. `metadata.timestamp` is the event's time when `timestamp` is not given. */
  metadata: jsonObjectSchema.optional(),
  /** Milliseconds since 1970; fractions are cut off. Default: `metadata.timestamp`, else now. */
  timestamp: z.number().nonnegative().optional(),
});

/** What `getEvents` returns and what a socket receives. */
export const eventSchema = z.object({
  id: textSchema(limits.eventIdLength),
  type: z.string().regex(eventTypeNamePattern),
  priority: prioritySchema,
  userId: textSchema(limits.subjectLength).optional(),
  sessionId: textSchema(limits.subjectLength).optional(),
  properties: jsonObjectSchema,
  metadata: jsonObjectSchema.optional(),
  /** Milliseconds since 1970. */
  timestamp: timeSchema,
});

/**
 * What `trackEvent` takes. Given the value that `defineEventType` returned as `type`, `properties` has that type's
 * shape and is required; for every other type it is any JSON object and optional.
 */
export type EventData<Type extends EventTypeName = EventTypeName> = Omit<
  z.input<typeof eventDataSchema>,
  'type' | 'properties'
> & { readonly type: Type } & PropertiesIn<Type>;

/** An event as it is stored and read back. */
export type Event<Type extends EventTypeName = EventTypeName> = Readonly<
  Omit<z.output<typeof eventSchema>, 'type' | 'properties'> & { type: Type; properties: PropertiesOut<Type> }
>;

export type { JsonObject, JsonValue } from './json.js';
