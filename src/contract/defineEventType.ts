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

/**
 * Declares members of a built-in type for every service of this process, besides those that it has.
 *
 * ```ts
 * declareClasses(EventType.THERAPY_SESSION, { classes: { properties: { room: 'internal' } }, terms: ['play therapy'] });
 * ```
 * @throws ValidationError for a name that is not built in, a bad declaration, or one that contradicts an earlier one.
 */
export const declareClasses: EventTypes['declare'] = (name, declaration) => eventTypes.declare(name, declaration);
