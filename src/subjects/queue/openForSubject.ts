import { ZodError } from 'zod';

import { storedEventAt, eventOf } from '../../codec/columns/StoredEvent.js';
import { batchTimeOf } from '../../codec/batchId.js';
import type { EventPart } from '../../codec/eventParts.js';
import type { MetricRows } from '../../codec/MetricRows.js';
import type { Event } from '../../contract/event.js';
import type { Metric } from '../../contract/metric.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { trackedAt } from '../../ingestion/erasedRows.js';
import { openEventBatch } from '../../ingestion/openEventBatch.js';
import { openMetricBatch, parseTags } from '../../ingestion/openMetricBatch.js';
import type { KeyRing } from '../../security/KeyRing.js';
import { taggedUsers } from '../../storage/taggedUsers.js';

/** A batch of events that is opened, and which of them are somebody's. */
export interface EventsForSubject {
  readonly kind: 'events';
  readonly parts: readonly EventPart[];
  /** The rows that are theirs, of each part that has some. */
  readonly rows: ReadonlyMap<EventPart, ReadonlySet<number>>;
  readonly count: number;
}

/** A batch of samples that is opened, and which of them have tags that name somebody. */
export interface SamplesForSubject {
  readonly kind: 'metrics';
  readonly samples: MetricRows;
  readonly theirs: ReadonlySet<number>;
  readonly count: number;
}

export type OpenedForSubject = EventsForSubject | SamplesForSubject;

/**
 * Opens a batch and looks for what is somebody's.
 * @param data what the job, or the record of a spool, carries
 * @param until ms: what was tracked later is not meant
 * @returns undefined when it does not open
 */
export async function openForSubject(kind: OpenedForSubject['kind'], id: string, data: unknown, userId: string, until: number, keyRing: KeyRing): Promise<OpenedForSubject | undefined> {
  try {
    return kind === 'events' ? theirEvents(await openEventBatch(id, data, keyRing), userId, until) : theirSamples(id, await openMetricBatch(id, data, keyRing), userId, until);
  } catch (error) {
    if (error instanceof AnalyticsError || error instanceof ZodError) return undefined;
    throw error;
  }
}

function theirEvents(parts: readonly EventPart[], userId: string, until: number): EventsForSubject {
  const rows = new Map<EventPart, Set<number>>();
  let count = 0;
  for (const part of parts) {
    const theirs = new Set<number>();
    for (const [row, user] of part.rows.users.entries()) if (user === userId && trackedAt(part.rows, row) <= until) theirs.add(row);
    if (theirs.size > 0) rows.set(part, theirs);
    count += theirs.size;
  }
  return { kind: 'events', parts, rows, count };
}

/** A batch is as old as its oldest sample at most, and a sample has no time of its own that says when it was tracked. */
function theirSamples(id: string, samples: MetricRows, userId: string, until: number): SamplesForSubject {
  const theirs = new Set<number>();
  const known = new Map<string, boolean>();
  if (!(batchTimeOf(id) > until)) {
    for (const [row, text] of samples.tags.entries()) {
      const isTheirs = known.get(text) ?? taggedUsers(parseTags(text)).includes(userId);
      known.set(text, isTheirs);
      if (isTheirs) theirs.add(row);
    }
  }
  return { kind: 'metrics', samples, theirs, count: theirs.size };
}

/** Somebody's events of an opened batch, as a query would return them. */
export function* eventsOf({ rows }: EventsForSubject): Generator<Event> {
  for (const [{ type, rows: part }, theirs] of rows) for (const row of theirs) yield eventOf(type, storedEventAt(part, row, 0));
}

/** Somebody's samples of an opened batch. */
export function* samplesOf({ samples, theirs }: SamplesForSubject): Generator<Metric> {
  for (const row of theirs) yield { name: samples.names[row]!, value: samples.values[row]!, tags: parseTags(samples.tags[row]!), timestamp: samples.timestamps[row]! };
}

/** What a job carries, as data; undefined when it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
