import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { HOUR_MS } from '../../../src/codec/hours.js';
import { StoredRollup } from '../../../src/codec/rollups/StoredRollup.js';
import { firstHourOf, periodOf, type Tier } from '../../../src/codec/rollups/tiers.js';
import { TierStore } from '../../../src/storage/metrics/TierStore.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createMetricMergeFixture, HOUR, LATER, START, type MetricMergeFixture } from './metricMergeFixture.js';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

const NAME = 'cpu';

async function indexOf(store: MetricMergeFixture): Promise<number[]> {
  return (await store.redis.zrangeBuffer(store.keys.metric(NAME).time, 0, "-1")).map((member) => member.length);
}

async function versionsOf(store: MetricMergeFixture): Promise<{ minute: unknown; hour: unknown; day: unknown; raw: number[] }> {
  const stores = new TierStore({ redis: store.redis, keys: store.keys, secrets: store.secrets });
  const raw: number[] = [];
  for await (const { version } of store.reader.hours(NAME, { lower: START, upper: START + HOUR_MS - 1 })) raw.push(version);
  const versionIn = async (tier: Tier) => {
    const period = periodOf(tier, HOUR);
    const bytes = (await stores.read(NAME, tier, period, period)).get(period);
    return bytes === undefined ? undefined : new StoredRollup(bytes).versions.get(HOUR - firstHourOf(tier, period));
  };
  return { minute: await versionIn('minute'), hour: await versionIn('hour'), day: await versionIn('day'), raw };
}

describe('mergeMetrics', () => {
  it('makes one chunk of an hour, and answers as before', async () => {
    const store = await createMetricMergeFixture(server.url);
    for (let batch = 0; batch < 40; batch += 1) {
      await store.add([0, 1, 2].map((host) => ({ name: NAME, value: batch + host / 100, tags: { host: `h${host}` }, timestamp: START + ((batch * 7) % 40) * 1000 })));
    }
    const before = await store.get({ name: NAME });
    expect(before).toHaveLength(120);
    expect(await store.merge()).toMatchObject({ metricHours: 1, chunksIn: 40, chunksOut: 1, samples: 120, rollups: 1, isComplete: true });
    expect(await indexOf(store)).toEqual([23]);
    store.forget();
    expect(await store.get({ name: NAME })).toEqual(before);
    expect(await store.merge()).toMatchObject({ metricHours: 0, chunksIn: 0, rollups: 0 });
    store.redis.disconnect();
  });

  it('leaves an hour that is not over alone', async () => {
    const store = await createMetricMergeFixture(server.url);
    await store.add([{ name: NAME, value: 1, timestamp: START }]);
    expect(await store.merge(START + HOUR_MS)).toMatchObject({ chunksIn: 0, rollups: 0 });
    expect(await indexOf(store)).toEqual([22]);
    store.redis.disconnect();
  });

  it('merges late samples, and rolls the hour up again in every tier', async () => {
    const store = await createMetricMergeFixture(server.url);
    await store.add([{ name: NAME, value: 1, timestamp: START }]);
    await store.merge();
    const first = await versionsOf(store);
    expect([first.minute, first.hour, first.day]).toEqual([first.raw[0], first.raw[0], first.raw[0]]);
    await store.add([{ name: NAME, value: 2, timestamp: START + 5 }]);
    expect((await versionsOf(store)).raw).toEqual(first.raw);
    expect(await store.merge()).toMatchObject({ samples: 2, rollups: 1 });
    const second = await versionsOf(store);
    expect(second.raw).not.toEqual(first.raw);
    expect([second.minute, second.hour, second.day]).toEqual([second.raw[0], second.raw[0], second.raw[0]]);
    store.redis.disconnect();
  });

  it('stores nothing when a job comes again after its chunk was merged', async () => {
    const store = await createMetricMergeFixture(server.url);
    const job = store.batch([{ name: NAME, value: 1, timestamp: START }, { name: NAME, value: 2, timestamp: START + HOUR_MS }]);
    await store.run(job);
    await store.merge(LATER + HOUR_MS);
    expect(await store.run(job)).toEqual({ stored: 0, duplicates: 2, overflow: 0, expired: 0 });
    await store.merge(LATER + 2 * HOUR_MS);
    expect(await store.run(job)).toMatchObject({ duplicates: 2 });
    expect(await store.get({ name: NAME })).toHaveLength(2);
    store.redis.disconnect();
  });

  it('lets a query that read the index before finish, and removes what was replaced after the grace', async () => {
    const store = await createMetricMergeFixture(server.url);
    for (let hour = 0; hour < 8; hour += 1) await store.add([{ name: NAME, value: hour, timestamp: START + hour * HOUR_MS }]);
    const seen: number[] = [];
    for await (const { slices } of store.reader.hours(NAME, { lower: START, upper: Infinity })) {
      if (seen.length === 0) await store.merge(LATER + 8 * HOUR_MS);
      seen.push(...slices.flatMap(({ values }) => [...values]));
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await store.redis.hlen(store.keys.metric(NAME).chunks)).toBe(16);
    expect(await store.merge(LATER + 9 * HOUR_MS)).toMatchObject({ removed: 8 });
    expect(await store.redis.hlen(store.keys.metric(NAME).chunks)).toBe(8);
    store.redis.disconnect();
  });

  it('reads an hour again whose chunks are gone since the index was read', async () => {
    const store = await createMetricMergeFixture(server.url);
    for (let hour = 0; hour < 8; hour += 1) await store.add([{ name: NAME, value: hour, timestamp: START + hour * HOUR_MS }]);
    const seen: number[] = [];
    for await (const { slices } of store.reader.hours(NAME, { lower: START, upper: Infinity })) {
      if (seen.length === 0) for (const at of [8, 9]) await store.merge(LATER + at * HOUR_MS, { graceMs: 0 });
      seen.push(...slices.flatMap(({ values }) => [...values]));
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    store.redis.disconnect();
  });

  it('fetches only the blocks that hold wanted series', async () => {
    const store = await createMetricMergeFixture(server.url);
    const hosts = Array.from({ length: 40 }, (_, host) => `h${host}`);
    for (let round = 0; round < 10; round += 1) {
      await store.add(hosts.flatMap((host) => Array.from({ length: 60 }, (_, at) => ({ name: NAME, value: at, tags: { host }, timestamp: START + (round * 60 + at) * 1000 }))));
    }
    await store.merge();
    store.forget();
    expect(await store.get({ name: NAME, tags: { host: 'h7' } })).toHaveLength(600);
    expect(store.reader.counts).toEqual({ opened: 1, found: 0 });
    expect(await store.get({ name: NAME })).toHaveLength(24_000);
    expect(store.reader.counts).toEqual({ opened: 6, found: 1 });
    expect(await store.get({ name: NAME, tags: { host: 'h7' } })).toHaveLength(600);
    expect(store.reader.counts).toEqual({ opened: 6, found: 2 });
    store.redis.disconnect();
  });
});
