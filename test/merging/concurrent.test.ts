import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { HOUR_MS, hourOf } from '../../src/codec/hours.js';
import type { Event } from '../../src/contract/event.js';
import { connect } from '../../src/redis/connect.js';
import { mergeAll } from '../../src/merging/mergeAll.js';
import { cleanUp } from '../../src/retention/cleanUp.js';
import type { Job } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { checkMerged } from './checkMerged.js';
import { createMergeFixture, HOUR, LATER, readAll, START, TYPE, type MergeFixture } from './mergeFixture.js';
import { person } from '../support/witness/people.js';

/** How long the writers write while everything else runs beside them. */
const RUN_MS = 2500;
const HOURS = [HOUR, HOUR + 1];

let server: TestRedis;
let store: MergeFixture;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  store = await createMergeFixture(server.url);
});
afterEach(async () => store.close());

/** What has to be in the store, and what may be: the writers' jobs are done between the two. */
class Model {
  readonly sent = new Map<string, Event['properties']>();
  readonly stored = new Set<string>();
  next = 0;
}

/** Stores batches of a few events of both hours until time is up, and runs some jobs again. */
async function write(model: Model, isOver: () => boolean, { again = true } = {}): Promise<void> {
  const earlier: Job[] = [];
  while (!isOver()) {
    const events = Array.from({ length: 1 + (model.next % 7) }, () => {
      const number = (model.next += 1);
      const time = START + ((number * 7919) % (2 * HOUR_MS));
      return { id: `event${number}`, userId: person(number % 13), properties: { number, text: 'x'.repeat(number % 50) }, timestamp: time };
    });
    for (const { id, properties } of events) model.sent.set(id, properties);
    const job = store.batch(events);
    await store.run(job);
    for (const { id } of events) model.stored.add(id);
    if (again && earlier.length > 0 && model.next % 3 === 0) {
      expect(await store.run(earlier[model.next % earlier.length]!)).toMatchObject({ stored: 0 });
    }
    earlier.push(job);
  }
}

/** Reads both hours again and again: what was stored before is there, once and as it was sent, and nothing else. */
async function read(model: Model, isOver: () => boolean): Promise<number> {
  let reads = 0;
  while (!isOver()) {
    const before = new Set(model.stored);
    const found = (await Promise.all(HOURS.map(async (hour) => readAll(store.events, hour)))).flat();
    const ids = new Set(found.map(({ event }) => event.id));
    expect(ids.size).toBe(found.length);
    expect(new Set(found.map(({ offset }) => offset)).size).toBe(found.length);
    for (const id of before) if (!ids.has(id)) throw new Error(`An event that was stored is missing: ${id}`);
    for (const { event } of found) expect(event.properties).toEqual(model.sent.get(event.id));

    const stored = new Set(model.stored);
    const events = await store.get({ type: TYPE, order: reads % 2 === 0 ? 'asc' : 'desc', limit: 10_000 });
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    for (const { id } of events) stored.delete(id);
    expect([...stored]).toEqual([]);
    reads += 1;
  }
  return reads;
}

/** Merges again and again, on a connection of its own and a clock that brings the grace of ten minutes about in 1 s. */
async function merge(isOver: () => boolean): Promise<{ events: number; chunksOut: number; removed: number }> {
  const redis = connect(server.url, 'patient', 'merger', () => undefined);
  const startedAt = performance.now();
  const total = { events: 0, chunksOut: 0, removed: 0 };
  while (!isOver()) {
    const now = (): number => LATER + (performance.now() - startedAt) * 600;
    const report = await mergeAll({ redis, keys: store.keys, secrets: store.keyRing.reading!, now });
    total.events += report.events;
    total.chunksOut += report.chunksOut;
    total.removed += report.removed;
  }
  redis.disconnect();
  return total;
}

const until = (ms: number) => {
  const end = performance.now() + ms;
  return () => performance.now() >= end;
};

describe('merging beside writers and readers', () => {
  it('never shows an event twice or not at all, and stores each once', async () => {
    const model = new Model();
    const isOver = until(RUN_MS);
    const [reads, ...merged] = await Promise.all([read(model, isOver), merge(isOver), merge(isOver), ...[1, 2, 3].map(async () => write(model, isOver))]);
    expect(reads).toBeGreaterThan(5);
    const done = merged.slice(0, 2).filter((report) => report !== undefined);
    expect(done.reduce((sum, { chunksOut }) => sum + chunksOut, 0)).toBeGreaterThan(5);
    expect(done.reduce((sum, { removed }) => sum + removed, 0)).toBeGreaterThan(0);
    await store.merge(LATER + HOUR_MS);
    await store.merge(LATER + 2 * HOUR_MS);
    const found = (await Promise.all(HOURS.map(async (hour) => readAll(store.events, hour)))).flat();
    expect(found.map(({ event }) => event.id).sort()).toEqual([...model.sent.keys()].sort());
    expect(await store.redis.zcard(store.keys.event(TYPE).retired)).toBe(0);
    await checkMerged(store);
  });

  it('goes with a clean-up that removes what is being merged', async () => {
    const model = new Model();
    const isOver = until(RUN_MS);
    let removed = 0;
    const limits = { retentionDays: () => 1, metricRetentionDays: 1, feedHours: 24 };
    // The limit moves through the first hour, as both hours are written to.
    const limitAt = (share: number): number => START + share * HOUR_MS;
    const startedAt = performance.now();
    const clean = async (): Promise<void> => {
      while (!isOver()) {
        const share = Math.min((performance.now() - startedAt) / RUN_MS, 1);
        const { events } = await cleanUp({ redis: store.redis, keys: store.keys, now: () => limitAt(share) + 24 * HOUR_MS }, limits);
        removed += events;
      }
    };
    // A job that runs again after its events expired leaves them out; one that began before might store them once more.
    const once = { again: false };
    await Promise.all([write(model, isOver, once), write(model, isOver, once), clean(), clean(), merge(isOver)]);
    await store.merge(LATER + HOUR_MS);
    removed += (await cleanUp({ redis: store.redis, keys: store.keys, now: () => limitAt(1) + 24 * HOUR_MS }, limits)).events;
    expect(removed).toBeGreaterThan(0);
    expect(await readAll(store.events, HOUR)).toEqual([]);
    const left = await readAll(store.events, HOUR + 1);
    expect(left.map(({ event }) => event.id).sort()).toEqual([...model.sent].filter(([, { number }]) => hourOf(START + ((Number(number) * 7919) % (2 * HOUR_MS))) === HOUR + 1).map(([id]) => id).sort());
    expect(removed + left.length).toBe(model.sent.size);
    await store.merge(LATER + 3 * HOUR_MS);
    await checkMerged(store);
    const { counts, absorbed } = store.keys.event(TYPE);
    expect((await store.redis.hkeys(counts)).filter((field) => field.endsWith(String(HOUR)))).toEqual([]);
    expect((await store.redis.hkeys(absorbed)).filter((field) => field.startsWith(String(HOUR)))).toEqual([]);
  });
});
