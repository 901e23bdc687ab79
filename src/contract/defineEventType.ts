import { createEventTypes, type EventTypes } from './eventTypes.js';

/** The types that every service of this process knows unless it is given its own. */
export const eventTypes: EventTypes = createEventTypes();

/**
 * Adds an event type for every service of this process. The value it returns is the type's name; given to `trackEvent`
 * as `type`, it makes the compiler check `properties` against the schema.
 *
 * ```ts
 * const MOOD_ENTRY = defineEventType('mood_entry', { schema: z.object({ score: z.number().min(0).max(10) }) });
 * await service.trackEvent({ type: MOOD_ENTRY, properties: { score: 7 } });
 * ```
 * @throws ValidationError for a bad name or option, a built-in name, or another shape under a known name.
 */
export const defineEventType: EventTypes['define'] = (name, options) => eventTypes.define(name, options);
