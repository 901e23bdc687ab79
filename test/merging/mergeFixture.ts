import { randomBytes } from 'node:crypto';

import { newBatchId } from '../../src/codec/batchId.js';
import type { EventRows } from '../../src/codec/EventRows.js';
import { HOUR_MS, hourOf } from '../../src/codec/hours.js';
import type { Event } from '../../src/contract/event.js';
import { mergeAll, type MergeLimits } from '../../src/merging/mergeAll.js';
import type { MergeReport } from '../../src/merging/mergeStatus.js';
import { EventReader } from '../../src/storage/EventReader.js';
import type { NewEventChunk } from '../../src/storage/EventStore.js';
import { createEventFixture, type EventFixture, type EventFixtureOptions } from '../queries/eventFixture.js';
import { people } from '../support/witness/people.js';

export const HOUR = 480_000;
export const START = HOUR * HOUR_MS;
export const TYPE = 'page_view';
/** When the hour and the grace for what comes late are over. */
export const LATER = START + 2 * HOUR_MS;

export interface MergeFixture extends EventFixture {
  /** Reads from Redis each time. */
  readonly events: EventReader;
  merge(now?: number, limits?: MergeLimits): Promise<MergeReport>;
  /** All events of the hour in the order of (time, offset), with their offsets. */
  all(hour?: number): Promise<{ readonly offset: number; readonly event: Event }[]>;
}

export async function createMergeFixture(url: string, options: EventFixtureOptions = {}): Promise<MergeFixture> {
  const store = await createEventFixture(url, options);
  const { redis, keys } = store;
  const secrets = store.keyRing.reading!; // made from a master key
  const events = new EventReader({ redis, keys, secrets, cacheBytes: 0 });
  return Object.assign(store, {
    events,
    merge: async (now = LATER, limits: MergeLimits = {}) => mergeAll({ redis, keys, secrets, now: () => now }, limits),
    all: async (hour = HOUR) => readAll(events, hour),
  });
}

/** A chunk of one event, for a store that is filled by the hundreds. */
export function chunkOf(timestamp: number): NewEventChunk {
  const rows: EventRows = {
    batchId: newBatchId(START),
    priority: 'normal',
    places: [0],
    types: [TYPE],
    timestamps: [timestamp],
    users: [people.ann],
    sessions: [null],
    callerIds: new Map(),
    properties: ['{}'],
    metadata: [''],
  };
  return { type: TYPE, hour: hourOf(timestamp), chunkId: randomBytes(16), rows, marks: [] };
}

export async function readAll(events: EventReader, hour = HOUR, type = TYPE): Promise<{ readonly offset: number; readonly event: Event }[]> {
  for (;;) {
    const tables = await events.load(type, await events.hour(type, hour), 'all');
    if (tables.includes(undefined)) continue; // the clean-up came between
    return tables
      .flatMap((table) => Array.from({ length: table!.count }, (_, row) => ({ offset: table!.offsets[row]!, event: table!.event(row) })))
      .sort((one, other) => one.event.timestamp - other.event.timestamp || one.offset - other.offset);
  }
}
