import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { HOUR_MS } from '../../src/codec/hours.js';
import { mergeAll } from '../../src/merging/mergeAll.js';
import { readMergeStatus } from '../../src/merging/mergeStatus.js';
import { EventStore } from '../../src/storage/EventStore.js';
import type { Job } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { checkMerged } from './checkMerged.js';
import { chunkOf, createMergeFixture, HOUR, LATER, readAll, START, TYPE, type MergeFixture } from './mergeFixture.js';
import { person } from '../support/witness/people.js';

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

async function track(times: readonly number[], type = TYPE): Promise<Job[]> {
  const jobs = times.map((time) => store.batch([{ type, userId: person(time % 5), properties: { time: time % 1000 }, timestamp: time }]));
  for (const job of jobs) await store.run(job);
  return jobs;
}

/** Chunks of one event each, by the hundreds. */
async function fill(count: number, from = START): Promise<void> {
  const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
  await writer.store(Array.from({ length: count }, (_, n) => chunkOf(from + n)), from);
}

/** Events and blocks of each chunk of the hour. */
async function chunks(hour = HOUR): Promise<(readonly [count: number, isMerged: boolean])[]> {
  return (await store.events.hour(TYPE, hour)).map(({ count, blocks }) => [count, blocks > 0] as const);
}

const times = (count: number, from = START) => Array.from({ length: count }, (_, n) => from + n * 10);

describe('a merge', () => {
  it('puts one chunk in the place of many, with every event as it was', async () => {
    for (let n = 0; n < 50; n += 1) {
      const events = [0, 1].map((place) => ({
        ...(n % 7 === 0 && { id: `own${n}-${place}` }),
        ...(n % 3 !== 0 && { userId: person(n % 5), sessionId: `session${n}` }),
        properties: { n, place, ...(n % 4 === 0 && { rare: 'x' }) },
        ...(n % 2 === 0 && { metadata: { os: 'Linux' } }),
        timestamp: START + ((n * 7) % 50) * 100 + place,
      }));
      await store.run(store.batch(events, n % 2 === 0 ? 'normal' : 'critical'));
    }
    const before = await store.all();
    expect(await store.merge()).toMatchObject({ hours: 1, chunksIn: 50, chunksOut: 1, events: 100, isComplete: true });
    expect(await store.all()).toEqual(before);
    expect(await chunks()).toEqual([[100, true]]);
    await checkMerged(store);
  });

  it('takes 1,000 to 3,000 events into a chunk, which do not overlap in time', async () => {
    await fill(1000);
    await fill(1000, START + 1000);
    for (let n = 0; n < 30; n += 1) await store.run(store.batch(Array.from({ length: 100 }, (_, place) => ({ timestamp: START + 2000 + n * 100 + place }))));
    await store.merge();
    const entries = await store.events.hour(TYPE, HOUR);
    for (const { count } of entries) expect(count >= 1000 && count <= 3000).toBe(true);
    for (const [place, { earliest }] of entries.entries()) expect(earliest).toBeGreaterThan(entries[place - 1]?.latest ?? 0);
    await checkMerged(store);
  });

  it('does nothing where nothing is due', async () => {
    await track([START]);
    await track(times(3, START + HOUR_MS));
    const now = START + HOUR_MS + 5 * 60_000;
    expect(await store.merge(now)).toMatchObject({ hours: 0, chunksIn: 0, isComplete: true });
    expect(await store.merge(START + HOUR_MS * 2 + 60_000)).toMatchObject({ hours: 0 });
    expect(await store.merge(START + HOUR_MS * 2 + 2 * 60_000)).toMatchObject({ hours: 1, chunksIn: 3 });
    expect(await store.merge(LATER + HOUR_MS)).toMatchObject({ hours: 0 });
  });

  it('takes late events in, and full chunks are not written again', async () => {
    await fill(600);
    await fill(600, START + 1000);
    await store.merge();
    const [full] = await store.events.hour(TYPE, HOUR);
    expect(await chunks()).toEqual([[1200, true]]);

    const late = await track(times(2, START + 40_000));
    expect(await store.merge(LATER + 1)).toMatchObject({ chunksIn: 2, chunksOut: 1, events: 2 });
    await track(times(3, START + 50_000));
    expect(await store.merge(LATER + 2)).toMatchObject({ chunksIn: 4, chunksOut: 1, events: 5 });
    await track(times(1, START + 60_000));
    expect(await store.merge(LATER + 3)).toMatchObject({ chunksIn: 0 });
    expect(await chunks()).toEqual([[1200, true], [5, true], [1, false]]);
    expect((await store.events.hour(TYPE, HOUR))[0]).toEqual(full);
    expect(await store.all()).toHaveLength(1206);
    for (const job of late) expect(await store.run(job)).toMatchObject({ stored: 0 });
    await checkMerged(store);
  });

  it('merges an hour that is not over once 1,000 small chunks have gathered in it', async () => {
    await fill(999);
    expect(await store.merge(START + 60_000)).toMatchObject({ hours: 0 });
    await fill(1, START + 2000);
    expect(await store.merge(START + 60_000)).toMatchObject({ hours: 1, chunksIn: 1000, chunksOut: 3 });
    await fill(10, START + 70_000);
    expect(await store.merge(START + 90_000)).toMatchObject({ hours: 0 });
    expect(await store.merge()).toMatchObject({ hours: 1, chunksIn: 13, chunksOut: 1, events: 1010 });
    await checkMerged(store);
  });

  it('makes smaller chunks of large events', async () => {
    const text = () => randomBytes(15_000).toString('hex');
    for (let n = 0; n < 50; n += 1) await store.run(store.batch([0, 1, 2].map((place) => ({ properties: { text: text() }, timestamp: START + n * 10 + place }))));
    const before = await store.all();
    const report = await store.merge();
    expect(report.bytesBefore).toBeGreaterThan(2_000_000);
    expect(report.chunksOut).toBeGreaterThanOrEqual(3);
    expect(await store.all()).toEqual(before);
    expect(await store.merge(LATER + HOUR_MS)).toMatchObject({ hours: 0 });
  });

  it('goes through all types, and says what it did', async () => {
    await track(times(5));
    await track(times(5), 'error');
    await track(times(4, START + HOUR_MS), 'error');
    const report = await store.merge(LATER + 2 * HOUR_MS);
    expect(report).toMatchObject({ hours: 3, chunksIn: 14, chunksOut: 3, events: 14, removed: 0, isComplete: true });
    expect(report.bytesAfter).toBeLessThan(report.bytesBefore);
    expect(await readMergeStatus(store.redis, store.keys)).toEqual({ finishedAt: LATER + 2 * HOUR_MS, durationMs: 0, report });
    expect(await readAll(store.events, HOUR, 'error')).toHaveLength(5);
    await checkMerged(store, 'error');
  });

  it('stops when its time is up or it is told to, and the next one goes on', async () => {
    await track(times(4));
    const stop = new AbortController();
    stop.abort();
    expect(await store.merge(LATER, { mostMs: 0 })).toMatchObject({ hours: 0, isComplete: false });
    expect(await store.merge(LATER, { signal: stop.signal })).toMatchObject({ hours: 0, isComplete: false });
    expect(await store.merge(LATER)).toMatchObject({ hours: 1, isComplete: true });
  });

  it('merges everything else where a chunk does not open, and says so', async () => {
    await track(times(9));
    await track(times(3), 'error');
    await track(times(3, START + HOUR_MS));
    const [, spoilt] = await store.events.hour(TYPE, HOUR);
    await store.redis.hset(store.keys.event(TYPE).dataKeys, spoilt!.chunkId, randomBytes(44));
    await expect(store.merge(LATER + HOUR_MS)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    expect(await chunks()).toEqual([[1, false], [1, false], [7, true]]);
    expect(await chunks(HOUR + 1)).toEqual([[3, true]]);
    expect(await readAll(store.events, HOUR, 'error')).toHaveLength(3);
    expect(await readMergeStatus(store.redis, store.keys)).toMatchObject({ report: { hours: 3 } });
    await expect(store.merge(LATER + HOUR_MS)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    expect(await chunks()).toEqual([[1, false], [1, false], [7, true]]);
  });

  it('is refused in a process that cannot read', async () => {
    await expect(mergeAll({ redis: store.redis, keys: store.keys, secrets: undefined })).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
  });

  it('leaves one result when several run at once', async () => {
    for (let n = 0; n < 200; n += 1) await store.run(store.batch([{ timestamp: START + n * 10 }, { timestamp: START + HOUR_MS + n }]));
    const before = [await store.all(), await store.all(HOUR + 1)];
    const reports = await Promise.all([1, 2, 3].map(async () => store.merge(LATER + HOUR_MS)));
    expect(reports.reduce((sum, { events }) => sum + events, 0)).toBe(400);
    expect([await store.all(), await store.all(HOUR + 1)]).toEqual(before);
    await checkMerged(store);
  });
});
