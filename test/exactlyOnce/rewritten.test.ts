import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { eventIdAt } from '../../src/codec/batchId.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { cleanUp } from '../../src/retention/cleanUp.js';
import { checkMerged } from '../merging/checkMerged.js';
import { createMergeFixture, HOUR, LATER, START, TYPE, type MergeFixture } from '../merging/mergeFixture.js';
import type { Job } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const DAY_MS = 24 * HOUR_MS;

let server: TestRedis;
let store: MergeFixture;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
let job: Job;
beforeEach(async () => {
  store = await createMergeFixture(server.url);
  job = store.batch([{ id: 'mine', timestamp: START }, { timestamp: START + 10 }, { timestamp: START + 20 }], 'normal', START);
  await store.run(job);
});
afterEach(async () => store.close());

const idsOf = async () => (await store.all()).map(({ event }) => event.id).sort();
/** Merges, and removes what was replaced, as ten minutes later. */
async function mergeForGood(): Promise<{ chunksIn: number; chunksOut: number }> {
  const report = await store.merge(LATER, { graceMs: 0 });
  await store.merge(LATER + 1, { graceMs: 0 });
  expect(await store.redis.zcard(store.keys.event(TYPE).retired)).toBe(0);
  return report;
}
async function addLate(): Promise<void> {
  await store.run(store.batch([{ timestamp: START + 30 }], 'normal', START));
}

describe('a job that runs again stores nothing, nor does a repeat of its events at another time', () => {
  const again = async (times: number): Promise<string[]> => {
    const before = await idsOf();
    for (let n = 0; n < times; n += 1) expect(await store.run(job)).toMatchObject({ stored: 0, duplicates: 3 });
    const results = await Promise.all([store.run(job), store.run(job)]);
    expect(results).toMatchObject([{ stored: 0, duplicates: 3 }, { stored: 0, duplicates: 3 }]);
    for (const id of ['mine', eventIdAt(job.id, 1), eventIdAt(job.id, 2)]) {
      for (const later of [1, HOUR_MS, 3 * DAY_MS]) {
        expect(await store.run(store.batch([{ id, timestamp: START + later }]))).toMatchObject({ stored: 0, duplicates: 1 });
      }
    }
    expect(await idsOf()).toEqual(before);
    await checkMerged(store);
    return before;
  };

  it('while its chunk is there', async () => {
    expect(await again(3)).toHaveLength(3);
  });

  it('after its chunk was merged', async () => {
    await addLate();
    expect(await store.merge()).toMatchObject({ chunksIn: 2, chunksOut: 1 });
    await again(1);
    await mergeForGood();
    await again(1);
  });

  it('after the chunk that it was merged into was merged again', async () => {
    for (let round = 0; round < 3; round += 1) {
      await addLate();
      await addLate();
      expect(await mergeForGood()).toMatchObject({ chunksIn: 3, chunksOut: 1 });
      await again(1);
    }
    expect(await idsOf()).toHaveLength(9);
  });

  it('after it expired, merged or not, and was removed', async () => {
    await addLate();
    await mergeForGood();
    const now = START + 31 * DAY_MS;
    await cleanUp({ redis: store.redis, keys: store.keys, now: () => now }, { retentionDays: () => 30, metricRetentionDays: 30, feedHours: 24 });
    expect(await store.all()).toEqual([]);
    expect(await store.run(job, { oldestKept: now - 30 * DAY_MS, now })).toMatchObject({ stored: 0, expired: 3 });
    expect(await store.all()).toEqual([]);
    expect(await store.events.hourCounts(TYPE)).toEqual(new Map());
  });
});

it('the same id under another type is another event, before and after merging', async () => {
  for (const type of ['error', 'custom']) {
    await mergeForGood();
    expect(await store.run(store.batch([{ id: 'mine', type, timestamp: START }]))).toMatchObject({ stored: 1 });
    expect(await store.run(store.batch([{ id: 'mine', type, timestamp: START + HOUR_MS }]))).toMatchObject({ duplicates: 1 });
  }
  expect(await store.all(HOUR)).toHaveLength(3);
});

it('an id is remembered as long as its event is kept, though that lies two days ahead of its storing', async () => {
  const stored = START + DAY_MS - 1;
  const timestamp = stored + 2 * DAY_MS;
  expect(await store.run(store.batch([{ id: 'ahead', timestamp }]), { now: stored })).toMatchObject({ stored: 1 });
  const limits = { retentionDays: () => 5, metricRetentionDays: 5, feedHours: 24 };
  for (let now = stored; now < timestamp + 5 * DAY_MS; now += DAY_MS / 4) {
    await cleanUp({ redis: store.redis, keys: store.keys, now: () => now }, limits);
    expect(await store.run(store.batch([{ id: 'ahead', timestamp: now }]), { now })).toMatchObject({ stored: 0, duplicates: 1 });
  }
});
