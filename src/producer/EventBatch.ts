import { newBatchId } from '../codec/batchId.js';
import { packEventParts } from '../codec/eventParts.js';
import type { EventPriority } from '../contract/EventPriority.js';
import type { OpenBatch } from './batch.js';
import type { NormalizedEvent } from './normalizeEvent.js';

/** Events of one priority on their way to one job. */
export class EventBatch implements OpenBatch<NormalizedEvent> {
  readonly id: string;
  readonly #priority: EventPriority;
  #events: NormalizedEvent[] = [];
  #count = 0;
  #bytes = 0;

  constructor(priority: EventPriority, now: number) {
    this.id = newBatchId(now);
    this.#priority = priority;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(event: NormalizedEvent): number {
    this.#bytes += event.bytes;
    this.#count += 1;
    return this.#events.push(event) - 1;
  }

  encode(): Buffer {
    const events = this.#events;
    this.#events = [];
    const callerIds = new Map<number, string>();
    events.forEach(({ id }, place) => id !== undefined && callerIds.set(place, id));
    return packEventParts({
      batchId: this.id,
      priority: this.#priority,
      places: events.map((_, place) => place),
      types: events.map((event) => event.type),
      timestamps: events.map((event) => event.timestamp),
      users: events.map((event) => event.userId ?? null),
      sessions: events.map((event) => event.sessionId ?? null),
      callerIds,
      properties: events.map((event) => event.propertiesJson),
      metadata: events.map((event) => event.metadataJson ?? ''),
    });
  }
}
