import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { MetricStore } from '../../../src/storage/MetricStore.js';
import { seriesIdOf } from '../../../src/storage/seriesTags.js';
import { createMetricFixture } from '../../queries/metrics/metricFixture.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { failingScript } from '../failingScript.js';

const START = 480_000 * 3_600_000;
const NAME = 'cpu';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

const of = (hosts: readonly string[], timestamp = START) => hosts.map((host, value) => ({ name: NAME, value, tags: { host }, timestamp }));

describe('the bound on the series of a metric', () => {
  it('leaves out samples of further series, counts them, and stores the others', async () => {
    const store = await createMetricFixture(server.url, { seriesLimit: 3 });
    const told: [string, number][] = [];
    const onOverflow = (keyName: string, samples: number) => void told.push([keyName, samples]);
    expect(await store.run(store.batch(of(['a', 'b'])), { onOverflow })).toMatchObject({ stored: 2, overflow: 0 });
    const job = store.batch(of(['b', 'c', 'd', 'e', 'd'], START + 1));
    expect(await store.run(job, { onOverflow })).toEqual({ stored: 2, duplicates: 0, overflow: 3, expired: 0 });
    expect((await store.get({ name: NAME })).map((sample) => sample.tags['host'])).toHaveLength(4);
    // A job that runs again counts nothing again: its chunk is known, whatever was left out of it.
    expect(await store.run(job, { onOverflow })).toEqual({ stored: 0, duplicates: 5, overflow: 0, expired: 0 });
    expect(told).toEqual([[NAME, 3]]);
    expect((await store.queries.listMetrics({}))[0]).toMatchObject({ series: 3, overflow: 3 });
    // Another metric has its own.
    expect(await store.run(store.batch([{ name: 'other', value: 1, tags: { host: 'z' }, timestamp: START }]))).toMatchObject({ stored: 1 });
    store.redis.disconnect();
  });

  it('counts a batch of which nothing is left once, however often its job runs', async () => {
    const store = await createMetricFixture(server.url, { seriesLimit: 1 });
    await store.run(store.batch(of(['a'])));
    const job = store.batch(of(['b', 'c']));
    const results = await Promise.all([store.run(job), store.run(job), store.run(job)]);
    expect(results.reduce((sum, { overflow = 0 }) => sum + overflow, 0)).toBe(2);
    expect(await store.run(job)).toMatchObject({ stored: 0, overflow: 0 });
    expect((await store.queries.listMetrics({}))[0]).toMatchObject({ series: 1, overflow: 2 });
    expect(await store.get({ name: NAME })).toHaveLength(1);
    store.redis.disconnect();
  });

  it('is not passed by many workers at once', async () => {
    const store = await createMetricFixture(server.url, { seriesLimit: 10 });
    const jobs = Array.from({ length: 20 }, (_, job) => store.batch(of(Array.from({ length: 5 }, (__, host) => `h${(job * 3 + host) % 30}`))));
    const results = await Promise.all(jobs.map(async (job) => store.run(job)));
    expect(results.reduce((sum, { stored, overflow = 0 }) => sum + stored + overflow, 0)).toBe(100);
    expect(await store.redis.hlen(store.keys.metric(NAME).tags)).toBe(10);
    const stored = results.reduce((sum, result) => sum + result.stored, 0);
    expect(await store.get({ name: NAME })).toHaveLength(stored);
    expect((await store.queries.listMetrics({}))[0]).toMatchObject({ series: 10, overflow: 100 - stored });
    store.redis.disconnect();
  });

  it('sends tags once, and again when they are gone from Redis', async () => {
    const { redis, keys, secrets, get } = await createMetricFixture(server.url);
    const store = new MetricStore(redis, keys, secrets, { seriesLimit: 10 });
    const tagsOf = async () => (await redis.hmgetBuffer(keys.metric(NAME).tags, Buffer.from(seriesId, 'hex')))[0];
    const tags = { host: 'a' };
    const seriesId = seriesIdOf(NAME, JSON.stringify(tags), secrets);
    const add = async (ms: number) =>
      store.store([{ name: NAME, hour: 480_000, chunkId: randomBytes(16), series: new Map([[seriesId, { tags, times: [START + ms], values: [ms] }]]), leftOut: 0 }]);
    await add(1);
    const sealed = await tagsOf();
    expect(sealed).toBeInstanceOf(Buffer);
    expect(await add(2)).toEqual([{ kind: 'stored' }]);
    expect(await tagsOf()).toEqual(sealed);
    await redis.del(keys.metric(NAME).tags);
    expect(await add(3)).toEqual([{ kind: 'stored' }]);
    expect((await get({ name: NAME })).map((sample) => sample.tags)).toEqual([tags, tags, tags]);
    redis.disconnect();
  });

  it('is finished by a repeat whichever command failed in a batch of which something, or nothing, is left', async () => {
    for (const hosts of [['b', 'c'], ['a', 'b']]) {
      for (let place = 1, isDone = false; !isDone; place += 1) {
        const store = await createMetricFixture(server.url, { seriesLimit: 1 });
        await store.run(store.batch(of(['a'])));
        const job = store.batch(of(hosts, START + 1));
        isDone = await store.run(job, { through: failingScript(store.redis, 'storeMetricChunk', place) }).then(
          () => true,
          () => false,
        );
        await store.run(job);
        expect((await store.queries.listMetrics({}))[0]).toMatchObject({ series: 1 });
        const kept = hosts.filter((host) => host === 'a').length;
        expect(await store.get({ name: NAME })).toHaveLength(1 + kept);
        expect(Number(await store.redis.hget(store.keys.metric(NAME).counts, '480000'))).toBe(1 + kept);
        if (isDone) expect((await store.queries.listMetrics({}))[0]).toMatchObject({ overflow: 2 - kept });
        store.redis.disconnect();
      }
    }
  });
});
