import { ZodError } from 'zod';

import { storedEventAt, eventOf } from '../../codec/columns/StoredEvent.js';
import type { EventPart } from '../../codec/eventParts.js';
import type { Event } from '../../contract/event.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { trackedAt } from '../../ingestion/erasedRows.js';
import { openEventBatch } from '../../ingestion/openEventBatch.js';
import type { KeyRing } from '../../security/KeyRing.js';

/** A batch that is opened, and which of its events are somebody's. */
export interface OpenedForSubject {
  readonly parts: readonly EventPart[];
  /** The rows that are theirs, of each part that has some. */
  readonly rows: ReadonlyMap<EventPart, ReadonlySet<number>>;
  readonly count: number;
}

/**
 * Opens a batch and looks for somebody's events.
 * @param data what the job, or the record of a spool, carries
 * @param until ms: events that were tracked later are not meant
 * @returns undefined when it does not open
 */
export async function openForSubject(id: string, data: unknown, userId: string, until: number, keyRing: KeyRing): Promise<OpenedForSubject | undefined> {
  let parts: readonly EventPart[];
  try {
    parts = await openEventBatch(id, data, keyRing);
  } catch (error) {
    if (error instanceof AnalyticsError || error instanceof ZodError) return undefined;
    throw error;
  }
  const rows = new Map<EventPart, Set<number>>();
  let count = 0;
  for (const part of parts) {
    const theirs = new Set<number>();
    for (const [row, user] of part.rows.users.entries()) if (user === userId && trackedAt(part.rows, row) <= until) theirs.add(row);
    if (theirs.size > 0) rows.set(part, theirs);
    count += theirs.size;
  }
  return { parts, rows, count };
}

/** Somebody's events of an opened batch, as a query would return them. */
export function* eventsOf({ rows }: OpenedForSubject): Generator<Event> {
  for (const [{ type, rows: part }, theirs] of rows) for (const row of theirs) yield eventOf(type, storedEventAt(part, row, 0));
}

/** What a job carries, as data; undefined when it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
