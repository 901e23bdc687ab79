import type { Event } from '../../contract/event.js';
import { getEvents, type GetEventsContext, type GetEventsOptions } from '../getEvents.js';

/** Every question about events that a service answers. */
export interface EventQueries {
  getEvents(options: GetEventsOptions): Promise<Event[]>;
}

export function createEventQueries(context: GetEventsContext): EventQueries {
  return {
    getEvents: (options) => getEvents(options, context),
  };
}
