import { EventType } from '../../src/contract/EventType.js';
import { createRandom, sampleEvent, type SampleEvent } from './events.js';

/** An event with the time at which it happened. */
export interface TimedEvent extends SampleEvent {
  readonly timestamp: number;
}

/** The one type that the big store holds: what is asked of a million events is asked of one series. */
export const TIMELINE_TYPE = EventType.PAGE_VIEW;
/** 100,000 events a day, so that a million are ten days, and 4,167 an hour. */
const EVERY_MS = 864;
/** Below `EVERY_MS`: no two events have one time, so both stores have to answer in the same order. */
const JITTER_MS = 600;
const GOLDEN = 0x9e3779b1;

/**
 * The event at a place of a history that ends at `endMs`; place 0 is the newest. The same in every process, so that a
 * longer history is made by sending older places, and the newest events stay what they are.
 */
export function timelineEvent(place: number, endMs: number): TimedEvent {
  const random = createRandom(Math.imul(place + 1, GOLDEN));
  const timestamp = endMs - place * EVERY_MS - Math.floor(random() * JITTER_MS);
  return { ...sampleEvent(random, TIMELINE_TYPE), timestamp };
}
