import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';

import { readStoreFigures, writeStoreFigures, type StoreFigures } from '../../src/merging/storeFigures.js';
import { surveyStore } from '../../src/merging/surveyStore.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createMergeFixture, LATER, START, type MergeFixture } from './mergeFixture.js';

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

async function survey(redis: Redis = store.redis): Promise<StoreFigures> {
  const figures = await surveyStore({ redis, keys: store.keys, now: () => LATER, isEnding: () => false });
  return figures!; // it is not ending
}
const nothing = { series: 0, rows: 0, smallChunks: 0, mergedChunks: 0, bytes: 0 };

describe('surveyStore', () => {
  it('counts events and chunks, small and merged, and what they take', async () => {
    expect(await survey()).toEqual({ at: LATER, events: { ...nothing, feedBytes: 0 }, metrics: { ...nothing, overflow: 0 } });
    for (let batch = 0; batch < 30; batch += 1) await store.run(store.batch([0, 1, 2].map((ms) => ({ timestamp: START + batch * 10 + ms }))));
    await store.run(store.batch([{ type: 'error', timestamp: START }]));
    const before = await survey();
    expect(before.events).toMatchObject({ series: 2, rows: 91, smallChunks: 31, mergedChunks: 0 });
    expect(before.events.feedBytes).toBeGreaterThan(1000);
    await store.merge(LATER, { graceMs: 0 });
    await store.merge(LATER + 1, { graceMs: 0 });
    const after = await survey();
    expect(after.events).toMatchObject({ series: 2, rows: 91, smallChunks: 1, mergedChunks: 1 });
    expect(after.events.bytes! / before.events.bytes!).toBeLessThan(0.5);
    // Every merge leaves them for whoever asks.
    expect((await readStoreFigures(store.redis, store.keys))?.events).toMatchObject({ rows: 91, smallChunks: 1, mergedChunks: 1 });
  });

  it('adds up metrics and what they had no room for', async () => {
    for (const name of ['cpu', 'memory']) {
      const { chunks, time, counts } = store.keys.metric(name);
      await store.redis.hset(store.keys.metricCatalogue, name, 'sealed');
      await store.redis.hset(counts, { 480000: 12, 480001: 5, s480001: 2, m480000: 1, changes: 7, overflow: 3 });
      await store.redis.zadd(time, 1, 'a', 2, 'b', 3, 'c');
      await store.redis.hset(chunks, 'a', 'x'.repeat(5000));
    }
    const { metrics } = await survey();
    expect(metrics).toMatchObject({ series: 2, rows: 34, smallChunks: 4, mergedChunks: 2, overflow: 6 });
    expect(metrics.bytes).toBeGreaterThan(10_000);
  });

  it('says so where Redis does not tell how many bytes there are', async () => {
    await store.run(store.batch([{ timestamp: START }]));
    await store.redis.call('ACL', 'SETUSER', 'lacking', 'reset', 'on', '>secret', '~*', '&*', '+@all', '-memory');
    const lacking = new Redis(server.url, { username: 'lacking', password: 'secret', protocol: 2 });
    try {
      expect((await survey(lacking)).events).toMatchObject({ rows: 1, smallChunks: 1, bytes: null, feedBytes: null });
    } finally {
      lacking.disconnect();
    }
  });

  it('ends with the process, and says nothing then', async () => {
    await store.run(store.batch([{ timestamp: START }]));
    expect(await surveyStore({ redis: store.redis, keys: store.keys, now: () => LATER, isEnding: () => true })).toBeUndefined();
  });

  it('is kept for whoever asks', async () => {
    expect(await readStoreFigures(store.redis, store.keys)).toBeUndefined();
    const figures = await survey();
    await writeStoreFigures(store.redis, store.keys, figures);
    expect(await readStoreFigures(store.redis, store.keys)).toEqual(figures);
    for (const text of ['no JSON', '{}', '{"at":"x"}']) {
      await store.redis.hset(store.keys.storeFigures, 'figures', text);
      expect(await readStoreFigures(store.redis, store.keys)).toBeUndefined();
    }
  });
});
