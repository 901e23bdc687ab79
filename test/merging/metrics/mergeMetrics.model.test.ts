import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { HOUR_MS } from '../../../src/codec/hours.js';
import type { Metric } from '../../../src/contract/metric.js';
import { seriesIdOf } from '../../../src/storage/seriesTags.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createMetricMergeFixture, LATER, START, type MetricMergeFixture } from './metricMergeFixture.js';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

const NAME = 'cpu';
const time = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.constantFrom(0, 1, 2, 1000, HOUR_MS - 1)).map(([hour, ms]) => START + hour * HOUR_MS + ms);
const value = fc.oneof(fc.constantFrom(0, -0, 1, 1.25, -3, 1e300), fc.double({ noNaN: true, noDefaultInfinity: true }));
const tags = fc.constantFrom<Record<string, string>>({}, { host: 'a' }, { host: 'b' }, { host: 'b', disk: '1' });
const samples = fc.array(fc.record({ timestamp: time, value, tags }), { minLength: 1, maxLength: 12 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), samples, twice: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('merge' as const), hours: fc.integer({ min: 1, max: 4 }), graceMs: fc.constantFrom(0, 600_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), job: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('query' as const), startTime: time, endTime: time, limit: fc.integer({ min: 1, max: 20 }), tags: fc.option(fc.constantFrom({ host: 'a' }, { host: { exists: true } }), { nil: undefined }), isCold: fc.boolean() }),
  },
);

function inOrder(store: MetricMergeFixture, all: readonly Metric[]): Metric[] {
  const idOf = ({ tags: own }: Metric) => seriesIdOf(NAME, JSON.stringify(Object.fromEntries(Object.entries(own).sort(([one], [other]) => (one < other ? -1 : 1)))), store.secrets);
  const isNegative = (number: number) => Number(Object.is(number, -0));
  return all
    .map((sample) => ({ sample, id: idOf(sample) }))
    .sort((one, other) => one.sample.timestamp - other.sample.timestamp || (one.id < other.id ? -1 : one.id > other.id ? 1 : one.sample.value - other.sample.value || isNegative(other.sample.value) - isNegative(one.sample.value)))
    .map(({ sample }) => sample);
}

describe('metrics beside a naive model', () => {
  it('answer the same, in the same order, whatever was merged, repeated or late', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
        const store = await createMetricMergeFixture(server.url);
        const model: Metric[] = [];
        const jobs: ReturnType<typeof store.batch>[] = [];
        let now = LATER;
        try {
          for (const one of [...steps, { do: 'query' as const, startTime: undefined, endTime: undefined, limit: undefined, tags: undefined, isCold: true }]) {
            if (one.do === 'add') {
              const batch = one.samples.map((sample) => ({ name: NAME, ...sample }));
              const job = store.batch(batch);
              jobs.push(job);
              const results = await Promise.all([store.run(job), ...(one.twice ? [store.run(job)] : [])]);
              expect(results.reduce((sum, { stored }) => sum + stored, 0)).toBe(batch.length);
              model.push(...batch);
            } else if (one.do === 'merge') {
              now += 1000;
              await store.merge(START + one.hours * HOUR_MS + 10 * 60_000 + (now - LATER), { graceMs: one.graceMs });
            } else if (one.do === 'repeat') {
              const job = jobs[one.job % Math.max(1, jobs.length)];
              if (job !== undefined) expect(await store.run(job)).toMatchObject({ stored: 0 });
            } else {
              if (one.isCold) store.forget();
              const { startTime = -Infinity, endTime = Infinity, limit = Infinity, tags: asked } = one;
              const expected = model.filter((sample) => sample.timestamp >= startTime && sample.timestamp <= endTime && (asked === undefined || (asked.host === 'a' ? sample.tags['host'] === 'a' : Object.hasOwn(sample.tags, 'host'))));
              const found = await store.get({ name: NAME, ...(startTime > 0 && { startTime }), ...(endTime < Infinity && { endTime }), ...(limit < Infinity && { limit }), ...(asked !== undefined && { tags: asked }) });
              expect(found).toEqual(inOrder(store, expected).slice(0, limit));
            }
          }
        } finally {
          store.redis.disconnect();
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 40), interruptAfterTimeLimit: 20_000 },
    );
  }, 30_000);

  it('show each sample once while writers, merges and readers run at once', async () => {
    const store = await createMetricMergeFixture(server.url);
    const acknowledged: number[] = [];
    let next = 0;
    let isOver = false;
    const write = async (): Promise<void> => {
      for (let batch = 0; batch < 60; batch += 1) {
        const values = Array.from({ length: 5 }, () => (next += 1));
        await store.add(values.map((one) => ({ name: NAME, value: one, tags: { host: `h${one % 3}` }, timestamp: START + ((one * 7919) % 3000) * 1000 })));
        acknowledged.push(...values);
      }
    };
    const merge = async (): Promise<void> => {
      for (let round = 0; !isOver; round += 1) await store.merge(LATER + round, { graceMs: 600_000 });
    };
    const read = async (): Promise<void> => {
      while (!isOver) {
        const before = [...acknowledged];
        store.forget();
        const found = (await store.get({ name: NAME })).map((sample) => sample.value);
        expect(new Set(found).size).toBe(found.length);
        const seen = new Set(found);
        expect(before.filter((one) => !seen.has(one))).toEqual([]);
      }
    };
    const others = [merge(), merge(), read(), read()];
    await Promise.all([write(), write(), write()]);
    isOver = true;
    await Promise.all(others);
    await store.merge(LATER + 10 ** 6, { graceMs: 0 });
    store.forget();
    expect((await store.get({ name: NAME })).map((sample) => sample.value).sort((one, other) => one - other)).toEqual(acknowledged.toSorted((one, other) => one - other));
    expect(Number(await store.redis.hget(store.keys.metric(NAME).counts, String(START / HOUR_MS)))).toBe(900);
    store.redis.disconnect();
  }, 30_000);
});
