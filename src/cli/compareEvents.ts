import { isDeepStrictEqual } from 'node:util';

import type { Event } from '../contract/event.js';
import type { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import type { ReplayEvent } from './createReplayRecords.js';

export interface EventComparison {
  /** Events of this replay that were read back. */
  readonly stored: number;
  /** How often one of them came a second time. */
  readonly duplicates: number;
  readonly missing: readonly string[];
  /** Events that are not what was sent: id → the fields that differ. */
  readonly different: ReadonlyMap<string, readonly string[]>;
}

const HOUR_MS = 3_600_000;
const PAGE = 10_000;

/**
 * Reads the time of the replay hour by hour and compares every field of every event that was sent. Events of others in
 * that time are passed over.
 *
 * @param asStored what the guard makes of an event's properties and metadata
 */
export async function compareEvents(
  service: Pick<AnalyticsService, 'getEvents'>,
  sent: ReadonlyMap<string, ReplayEvent>,
  asStored: (event: ReplayEvent) => ReplayEvent,
): Promise<EventComparison> {
  const seen = new Set<string>();
  const different = new Map<string, string[]>();
  let duplicates = 0;
  for (const [type, hours] of hoursByType(sent.values())) {
    for (const hour of hours) {
      for await (const event of readHour(service, type, hour)) {
        const expected = sent.get(event.id);
        if (expected === undefined) continue;
        if (seen.has(event.id)) duplicates += 1;
        seen.add(event.id);
        const fields = differingFields(asStored(expected), event);
        if (fields.length > 0) different.set(event.id, fields);
      }
    }
  }
  const missing = [...sent.keys()].filter((id) => !seen.has(id));
  return { stored: seen.size, duplicates, missing, different };
}

function hoursByType(events: Iterable<ReplayEvent>): Map<ReplayEvent['type'], Set<number>> {
  const hours = new Map<ReplayEvent['type'], Set<number>>();
  for (const { type, timestamp } of events) {
    hours.set(type, (hours.get(type) ?? new Set()).add(Math.floor(timestamp / HOUR_MS)));
  }
  return hours;
}

/** Oldest first: what is tracked meanwhile comes at the end, so the pages before it do not move. */
async function* readHour(
  service: Pick<AnalyticsService, 'getEvents'>,
  type: ReplayEvent['type'],
  hour: number,
): AsyncGenerator<Event> {
  const range = { type, startTime: hour * HOUR_MS, endTime: (hour + 1) * HOUR_MS - 1, order: 'asc' } as const;
  for (let offset = 0; ; offset += PAGE) {
    const page = await service.getEvents({ ...range, limit: PAGE, offset });
    yield* page;
    if (page.length < PAGE) return;
  }
}

const fields = ['type', 'priority', 'userId', 'sessionId', 'timestamp', 'properties', 'metadata'] as const;

function differingFields(expected: ReplayEvent, event: Event): string[] {
  return fields.filter((field) => !isDeepStrictEqual(expected[field], event[field]));
}
