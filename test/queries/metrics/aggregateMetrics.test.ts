import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ValidationError } from '../../../src/errors/ValidationError.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { mismatches, NAME, queryArbitrary, samplesArbitrary, START } from './aggregateFixture.js';
import { createAggregateStore } from './aggregateStore.js';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

async function storeOf(samples: readonly { readonly value: number; readonly timestamp: number; readonly tags?: Readonly<Record<string, string>> }[]) {
  const store = await createAggregateStore(server.url);
  if (samples.length > 0) await store.run(store.batch(samples.map((sample) => ({ name: NAME, tags: {}, ...sample }))));
  return store;
}

describe('aggregateMetrics', () => {
  it('gives a point for each bucket, by group', async () => {
    const store = await storeOf([
      { value: 1, timestamp: START, tags: { host: 'a' } },
      { value: 3, timestamp: START + 1000, tags: { host: 'a', disk: '1' } },
      { value: 10, timestamp: START + 61_000, tags: { host: 'b' } },
      { value: 20, timestamp: START + 3 * 60_000, tags: {} },
    ]);
    expect(await store.aggregate({ name: NAME, interval: '1m', aggregations: ['count', 'avg', 'distinct:disk'], groupBy: ['host'] })).toEqual({
      name: NAME,
      aggregations: ['count', 'avg', 'distinct:disk'],
      interval: '1m',
      timezone: 'UTC',
      series: [
        { tags: {}, points: [{ time: START + 180_000, count: 1, avg: 20, 'distinct:disk': 0 }] },
        { tags: { host: 'a' }, points: [{ time: START, count: 2, avg: 2, 'distinct:disk': 1 }] },
        { tags: { host: 'b' }, points: [{ time: START + 60_000, count: 1, avg: 10, 'distinct:disk': 0 }] },
      ],
      source: { samples: 4, rollupRows: 0, hoursLeftOut: 0 },
    });
    store.redis.disconnect();
  });

  it('fills empty buckets up to the ends that were asked for, and else up to the last sample', async () => {
    const store = await storeOf([
      { value: 4, timestamp: START + 60_000 },
      { value: 8, timestamp: START + 180_000 },
    ]);
    const range = { startTime: START, endTime: START + 299_999 };
    const avg = async (options: object) => {
      const { series } = await store.aggregate({ name: NAME, interval: '1m', aggregations: ['avg', 'count'], ...options });
      return series[0]!.points.map((point) => [point.avg, point.count]);
    };
    expect(await avg({ fill: 'null', ...range })).toEqual([[null, 0], [4, 1], [null, 0], [8, 1], [null, 0]]);
    expect(await avg({ fill: 'previous', ...range })).toEqual([[null, 0], [4, 1], [4, 0], [8, 1], [8, 0]]);
    expect(await avg({ fill: 'linear', ...range })).toEqual([[null, 0], [4, 1], [6, 0], [8, 1], [null, 0]]);
    expect(await avg({ fill: 'zero' })).toEqual([[4, 1], [0, 0], [8, 1]]);
    expect(await avg({})).toEqual([[4, 1], [8, 1]]);
    store.redis.disconnect();
  });

  it('has no series where there are no samples', async () => {
    const store = await storeOf([]);
    const empty = { series: [], source: { samples: 0, rollupRows: 0, hoursLeftOut: 0 } };
    expect(await store.aggregate({ name: NAME, aggregations: ['avg'] })).toMatchObject(empty);
    await store.run(store.batch([{ name: NAME, value: 1, tags: {}, timestamp: START }]));
    expect(await store.aggregate({ name: NAME, aggregations: ['avg'], startTime: START + 1 })).toMatchObject(empty);
    expect(await store.aggregate({ name: NAME, aggregations: ['avg'], startTime: START + 5, endTime: START, fill: 'zero', interval: 1 })).toMatchObject(empty);
    expect(await store.aggregate({ name: NAME, aggregations: ['avg'], tags: { host: 'a' } })).toMatchObject(empty);
    store.oldest.kept = START + 1;
    expect(await store.aggregate({ name: NAME, aggregations: ['avg'] })).toMatchObject(empty);
    store.redis.disconnect();
  });

  it('computes aggregations of an application', async () => {
    const store = await storeOf([
      { value: 1, timestamp: START, tags: { host: 'a' } },
      { value: 3, timestamp: START + 1, tags: { host: 'a' } },
      { value: 27, timestamp: START, tags: { host: 'b' } },
    ]);
    store.aggregations.define('geometricMean', {
      initial: () => ({ logarithms: 0, count: 0 }),
      add: ({ logarithms, count }, value) => ({ logarithms: logarithms + Math.log(value), count: count + 1 }),
      merge: (one, other) => ({ logarithms: one.logarithms + other.logarithms, count: one.count + other.count }),
      result: ({ logarithms, count }) => Math.exp(logarithms / count),
    });
    const { series } = await store.aggregate({ name: NAME, aggregations: ['geometricMean'] });
    expect(series[0]!.points[0]!.geometricMean).toBeCloseTo(Math.cbrt(81), 12);
    store.redis.disconnect();
  });

  it('ends with an error when its budget is used up', async () => {
    const store = await storeOf([{ value: 1, timestamp: START }, { value: 1, timestamp: START + 1 }]);
    const query = { name: NAME, aggregations: ['avg'] };
    await expect(store.aggregate({ ...query, budget: { samples: 1 } })).rejects.toMatchObject({ code: 'QUERY_BUDGET_EXCEEDED', budget: 'samples', scanned: 2 });
    await expect(store.aggregate({ ...query, budget: { ms: 1e-9 } })).rejects.toMatchObject({ code: 'QUERY_BUDGET_EXCEEDED', budget: 'time' });
    await expect(store.aggregate({ ...query, budget: { samples: 2 } })).resolves.toMatchObject({ source: { samples: 2 } });
    store.redis.disconnect();
  });

  it('lists every bad option in one error that holds none of the values', async () => {
    const store = await storeOf([]);
    const bad = {
      name: '',
      startTime: 'secret',
      endTime: NaN,
      interval: 'secret',
      aggregations: ['secret'],
      tags: { secret: 7 },
      groupBy: ['secret', 'secret'],
      fill: 'secret',
      timezone: 'Europe/secret',
      budget: { samples: 0 },
      secretly: 1,
    };
    const error = await store.aggregate(bad as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationError);
    const paths = (error as ValidationError).issues.map((issue) => issue.path);
    expect([...new Set(paths)].sort()).toEqual(['aggregations', 'budget', 'endTime', 'fill', 'groupBy', 'interval', 'name', 'secretly', 'startTime', 'tags', 'timezone']);
    expect((error as Error).message.replace('secretly', '')).not.toContain('secret');
    store.redis.disconnect();
  });

  it.each([
    undefined,
    null,
    7,
    {},
    { name: NAME },
    { name: NAME, aggregations: [] },
    { name: NAME, aggregations: 'avg' },
    { name: NAME, aggregations: ['avg', 'avg'] },
    { name: NAME, aggregations: ['constructor'] },
    { name: NAME, aggregations: ['__proto__'] },
    { name: NAME, aggregations: Array.from({ length: 33 }, (_, place) => `p${place}`) },
    { name: NAME, aggregations: ['avg'], interval: 0 },
    { name: NAME, aggregations: ['avg'], interval: null },
    { name: NAME, aggregations: ['avg'], interval: 1e300 },
    { name: NAME, aggregations: ['avg'], startTime: 1e300 },
    { name: NAME, aggregations: ['avg'], startTime: -Infinity },
    { name: NAME, aggregations: ['avg'], groupBy: ['__proto__'] },
    { name: NAME, aggregations: ['avg'], groupBy: [7] },
    { name: NAME, aggregations: ['avg'], timezone: '../../etc/passwd' },
    { name: NAME, aggregations: ['avg'], tags: { a: { matches: '(' } } },
  ])('refuses %j', async (options) => {
    const store = await storeOf([]);
    await expect(store.aggregate(options as never)).rejects.toThrow(ValidationError);
    store.redis.disconnect();
  });

  it('makes no more than 100,000 buckets of all groups together', async () => {
    const store = await storeOf([{ value: 1, timestamp: START, tags: { host: 'a' } }, { value: 1, timestamp: START, tags: { host: 'b' } }]);
    const query = { name: NAME, aggregations: ['count'], interval: 1000, fill: 'zero' as const, startTime: START };
    const { series } = await store.aggregate({ ...query, endTime: START + 99_999_999 });
    expect(series[0]!.points).toHaveLength(100_000);
    await expect(store.aggregate({ ...query, endTime: START + 100_000_000 })).rejects.toThrow(ValidationError);
    await expect(store.aggregate({ ...query, endTime: START + 99_999_999, groupBy: ['host'] })).rejects.toThrow(ValidationError);
    // Nothing is filled, so nothing is made beyond the hours that have samples.
    await expect(store.aggregate({ ...query, fill: 'none', endTime: 8e15, startTime: -8e15 })).resolves.toMatchObject({ series: [{ points: [{ count: 2 }] }] });
    for (const interval of ['1d', '366M']) {
      await expect(store.aggregate({ ...query, interval, endTime: 8e15, startTime: -8e15, aggregations: ['avg'], timezone: 'America/New_York' }).then(({ series: [one] }) => (one!.points.length <= 100_000 ? 'few' : 'many'), (error: unknown) => (error instanceof ValidationError ? 'refused' : error))).resolves.toMatch(/few|refused/);
    }
    store.redis.disconnect();
  });

  it('answers as the definitions do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(samplesArbitrary(60), { minLength: 1, maxLength: 3 }), fc.array(queryArbitrary, { minLength: 4, maxLength: 8 }), async (batches, queries) => {
        const store = await createAggregateStore(server.url);
        try {
          for (const batch of batches) await store.run(store.batch(batch));
          for (const query of queries) expect({ query, found: mismatches(await store.aggregate(query), batches.flat(), query) }).toEqual({ query, found: [] });
        } finally {
          store.redis.disconnect();
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 40) },
    );
  });
});
