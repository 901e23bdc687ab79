import { eventOf, type StoredEvent } from '../../../src/codec/columns/StoredEvent.js';
import type { EventPriority } from '../../../src/contract/EventPriority.js';
import type { Event } from '../../../src/contract/event.js';
import type { EventFilter } from '../../../src/queries/events/filter/EventFilter.js';
import { passes } from './naiveFilter.js';

export interface NaiveRange {
  readonly startTime?: number | undefined;
  readonly endTime?: number | undefined;
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly priority?: EventPriority | undefined;
  readonly where?: EventFilter | undefined;
}

/** Events in a list, in the order in which they were stored. */
export class NaiveEvents {
  readonly stored: Event[] = [];

  add(type: string, events: readonly StoredEvent[]): void {
    this.stored.push(...events.map((event) => eventOf(type, event)));
  }

  /** All that a range and its filters leave, in order. */
  all({ startTime = -Infinity, endTime = Infinity, where, ...equal }: NaiveRange, order: 'asc' | 'desc', oldestKept = -Infinity): Event[] {
    const found = this.stored
      .filter((event) => event.timestamp >= Math.max(startTime, oldestKept) && event.timestamp <= endTime)
      .filter((event) => Object.entries(equal).every(([name, value]) => value === undefined || event[name as keyof Event] === value))
      .filter((event) => where === undefined || passes(event, where))
      .sort((one, other) => one.timestamp - other.timestamp); // stable: equal times stay in the order of storing
    return order === 'asc' ? found : found.reverse();
  }
}
