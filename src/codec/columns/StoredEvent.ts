import type { Event, JsonObject } from '../../contract/event.js';
import type { EventPriority } from '../../contract/EventPriority.js';
import { eventIdAt } from '../batchId.js';
import type { EventRows } from '../EventRows.js';

/** One event as it stands in a chunk, whichever chunk that is: what a merge takes out of chunks and puts into others. */
export interface StoredEvent {
  /** Its place in the order in which the events of its type were stored, from 1. */
  readonly offset: number;
  /** ms since 1970. */
  readonly timestamp: number;
  readonly id: string;
  readonly priority: EventPriority;
  readonly userId: string | null;
  readonly sessionId: string | null;
  /** JSON text of an object. */
  readonly properties: string;
  /** JSON text of an object, or '' where there is none. */
  readonly metadata: string;
}

/** The events of a small chunk, in the order of their offsets. */
export function storedEventsOf(rows: EventRows, firstOffset: number): StoredEvent[] {
  return rows.timestamps.map((_, row) => storedEventAt(rows, row, firstOffset));
}

/** One of them. */
export function storedEventAt(rows: EventRows, row: number, firstOffset: number): StoredEvent {
  return {
    offset: firstOffset + row,
    timestamp: rows.timestamps[row]!,
    id: rows.callerIds.get(row) ?? eventIdAt(rows.batchId, rows.places[row]!),
    priority: rows.priority,
    userId: rows.users[row] ?? null,
    sessionId: rows.sessions[row] ?? null,
    properties: rows.properties[row]!,
    metadata: rows.metadata[row]!,
  };
}

/** What a query returns for it. */
export function eventOf(type: string, stored: StoredEvent): Event {
  const { properties, metadata } = stored;
  // Verified before they were sealed.
  return eventWith(type, stored, JSON.parse(properties) as JsonObject, metadata === '' ? undefined : (JSON.parse(metadata) as JsonObject));
}

/** The same, with what its texts hold. */
export function eventWith(type: string, { id, priority, userId, sessionId, timestamp }: StoredEvent, properties: JsonObject, metadata: JsonObject | undefined): Event {
  // By assignment: three objects that are spread into one take as long as all else.
  const event: { -readonly [Name in keyof Event]: Event[Name] } = { id, type, priority } as Event; // the rest follows, in its order
  if (userId !== null) event.userId = userId;
  if (sessionId !== null) event.sessionId = sessionId;
  event.properties = properties;
  if (metadata !== undefined) event.metadata = metadata;
  event.timestamp = timestamp;
  return event;
}
