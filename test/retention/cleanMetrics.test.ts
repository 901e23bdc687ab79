import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { HOUR_MS } from '../../src/codec/hours.js';
import { cleanUp } from '../../src/retention/cleanUp.js';
import { createMetricMergeFixture, LATER, START, type MetricMergeFixture } from '../merging/metrics/metricMergeFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const DAY_MS = 24 * HOUR_MS;
const NAME = 'cpu';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

const rollupDays = { '1m': 20, '1h': 40, '1d': 60 };
async function clean(store: MetricMergeFixture, now: number) {
  return cleanUp({ redis: store.redis, keys: store.keys, now: () => now }, { retentionDays: () => 10, metricRetentionDays: 10, feedHours: 1, rollupDays });
}

describe('the clean-up of merged metrics', () => {
  it('keeps rollups for days of their own, with the tags that they tell of, and then removes everything', async () => {
    const store = await createMetricMergeFixture(server.url);
    const { redis, keys } = store;
    const { tags, pastTags, tier, chunks } = keys.metric(NAME);
    for (const host of ['a', 'b']) await store.add([{ name: NAME, value: 1, tags: { host }, timestamp: START }]);
    await store.merge();
    const left = async () => [await redis.hlen(tags), await redis.hlen(pastTags), ...(await Promise.all(['1m', '1h', '1d'].map(async (name) => redis.hlen(tier(name)))))];
    expect(await clean(store, START + 9 * DAY_MS)).toMatchObject({ metricChunks: 0, rollups: 0, tagSets: 0 });
    expect(await left()).toEqual([2, 0, 2, 2, 2]);

    expect(await clean(store, START + 11 * DAY_MS)).toMatchObject({ metricChunks: 1, samples: 2, rollups: 0, tagSets: 0, metrics: 0 });
    expect(await left()).toEqual([0, 2, 2, 2, 2]);
    // Their series count no more, and are still found.
    expect([...(await store.catalogue.all(NAME)).values()].map((series) => series.tags['host']).toSorted((one, other) => (one! < other! ? -1 : 1))).toEqual(['a', 'b']);

    expect(await clean(store, START + 21 * DAY_MS)).toMatchObject({ rollups: 1, metrics: 0 });
    expect(await left()).toEqual([0, 2, 0, 2, 2]);
    expect(await clean(store, START + 42 * DAY_MS)).toMatchObject({ rollups: 1, metrics: 0 });
    expect(await clean(store, START + 93 * DAY_MS)).toMatchObject({ rollups: 1, tagSets: 2, metrics: 1 });
    expect(await redis.exists(chunks)).toBe(0);
    expect(await redis.keys(`${keys.prefix}metrics:*`)).toEqual([]);
    redis.disconnect();
  });

  it('tells of a series again whose samples had expired', async () => {
    const store = await createMetricMergeFixture(server.url);
    await store.add([{ name: NAME, value: 1, tags: { host: 'a' }, timestamp: START }]);
    await store.merge();
    await clean(store, START + 11 * DAY_MS);
    await store.add([{ name: NAME, value: 2, tags: { host: 'a' }, timestamp: LATER + 11 * DAY_MS }]);
    expect(await store.get({ name: NAME, tags: { host: 'a' } })).toMatchObject([{ value: 2, tags: { host: 'a' } }]);
    store.redis.disconnect();
  });

  it('does not roll up again an hour of which samples may be gone', async () => {
    const store = await createMetricMergeFixture(server.url);
    await store.add([{ name: NAME, value: 1, timestamp: START }]);
    await store.merge();
    await store.add([{ name: NAME, value: 2, timestamp: START + 1 }]);
    expect(await store.merge(START + 10 * DAY_MS + 1, { metricRetentionDays: 10 })).toMatchObject({ chunksIn: 2, rollups: 0 });
    store.redis.disconnect();
  });
});
