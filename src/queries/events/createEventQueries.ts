import type { Event } from '../../contract/event.js';
import type { EventTypeName } from '../../contract/eventTypes.js';
import { countEvents, type CountEventsOptions } from './countEvents.js';
import type { EventQueryContext } from './EventQueryContext.js';
import { EventStream, type StreamEventsOptions } from './EventStream.js';
import { getEvent, type GetEventOptions } from './getEvent.js';
import { getEvents, type GetEventsOptions } from './getEvents.js';
import type { PartialEvent } from './Projection.js';
import { queryEvents, type EventPage, type QueryEventsOptions } from './queryEvents.js';

/** Every question about events that a service answers. Events are partial where the options have `select`. */
export interface EventQueries {
  getEvents(options: GetEventsOptions): Promise<(Event | PartialEvent)[]>;
  queryEvents(options: QueryEventsOptions): Promise<EventPage<EventTypeName, Event | PartialEvent>>;
  countEvents(options: CountEventsOptions): Promise<number>;
  getEvent(id: string, options: GetEventOptions): Promise<Event | undefined>;
  /** @throws ValidationError */
  openStream(options: StreamEventsOptions): EventStream;
}

export function createEventQueries(context: EventQueryContext): EventQueries {
  return {
    getEvents: (options) => getEvents(options, context),
    queryEvents: (options) => queryEvents(options, context),
    countEvents: (options) => countEvents(options, context),
    getEvent: (id, options) => getEvent(id, options, context),
    openStream: (options) => new EventStream(options, context),
  };
}
