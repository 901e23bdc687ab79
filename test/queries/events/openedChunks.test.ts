import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { newBatchId } from '../../../src/codec/batchId.js';
import type { EventRows } from '../../../src/codec/EventRows.js';
import { hourOf } from '../../../src/codec/hours.js';
import { EventStore, type NewEventChunk } from '../../../src/storage/EventStore.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createEventFixture, type EventFixture } from '../eventFixture.js';
import { people } from '../../support/witness/people.js';

const HOUR = 3_600_000;
const START = 480_000 * HOUR;
const TYPE = 'page_view';
const CHUNKS = 10_000;
const EVENTS = 10;
/** Each chunk's events lie anywhere in so many ms, so that each overlaps about a hundred others. */
const SPREAD = 36_000;

let server: TestRedis;
let store: EventFixture;
const times: number[] = [];

/** The same numbers in each run: xorshift32. */
let state = 2_463_534_242;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

function chunkOf(timestamps: readonly number[]): NewEventChunk {
  const all = <T>(value: T): T[] => timestamps.map(() => value);
  const rows: EventRows = {
    batchId: newBatchId(START),
    priority: 'normal',
    places: timestamps.map((_, place) => place),
    types: all(TYPE),
    timestamps,
    users: all(people.ann),
    sessions: all(null),
    callerIds: new Map(),
    properties: all('{}'),
    metadata: all(''),
  };
  return { type: TYPE, hour: hourOf(timestamps[0]!), chunkId: randomBytes(16), rows, marks: [] };
}

beforeAll(async () => {
  server = await startRedis();
  store = await createEventFixture(server.url);
  const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
  for (let done = 0; done < CHUNKS; done += 500) {
    const chunks = Array.from({ length: 500 }, () => {
      const from = START + random(HOUR - SPREAD);
      return chunkOf(Array.from({ length: EVENTS }, () => from + random(SPREAD)));
    });
    times.push(...chunks.flatMap((chunk) => chunk.rows.timestamps));
    await writer.store(chunks, START);
  }
  times.sort((one, other) => one - other);
}, 60_000);
afterAll(async () => {
  await store.close();
  await server.stop();
});

/** Runs a query without anything in memory; how many chunks it opened. */
async function opened(options: Omit<Parameters<EventFixture['get']>[0], 'type'>, expected: readonly number[]): Promise<number> {
  store.forget();
  expect((await store.get({ type: TYPE, ...options })).map((event) => event.timestamp)).toEqual(expected);
  return store.reader.counts.opened;
}

describe('getEvents in an hour of 10,000 overlapping chunks', () => {
  it('opens a few dozen for the newest 100', async () => {
    expect(await opened({}, times.slice(-100).reverse())).toBeLessThanOrEqual(48);
  });

  it('opens a few dozen for the oldest 100', async () => {
    expect(await opened({ order: 'asc' }, times.slice(0, 100))).toBeLessThanOrEqual(48);
  });

  it('opens about those that reach over a moment for the newest 100 before it', async () => {
    const endTime = START + HOUR / 2;
    const before = times.filter((time) => time <= endTime);
    // About 100 chunks hold both earlier and later events, and any of them may hold the newest.
    expect(await opened({ endTime }, before.slice(-100).reverse())).toBeLessThanOrEqual(250);
  });

  it('opens nothing of the hours that a deep offset leaves out', async () => {
    const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
    const older = Array.from({ length: 200 }, (_, place) => START - HOUR + place);
    await writer.store([chunkOf(older)], START);
    expect(await opened({ offset: times.length + 50 }, older.toReversed().slice(50, 150))).toBe(1);
    expect(await opened({ order: 'asc', offset: 1000, limit: 5 }, times.slice(800, 805))).toBeLessThanOrEqual(500);
  });

  it('opens a chunk once and finds it in memory afterwards', async () => {
    const first = await opened({}, times.slice(-100).reverse());
    await store.get({ type: TYPE });
    expect(store.reader.counts.opened).toBe(first);
    expect(store.reader.counts.found).toBeGreaterThanOrEqual(first);
  });
});
