import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Metric } from '../../../src/contract/metric.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { HOUR, mismatches, NAME, queryArbitrary, samplesArbitrary, START } from './aggregateFixture.js';
import { createAggregateStore } from './aggregateStore.js';

const DAY = 24 * HOUR;
/** Everything can be merged by then. */
const LATER = START + 10 * DAY;

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

/** A sample a minute of three series, a counter with a reset each day, for some hours. */
function history(hours: number): Metric[] {
  return Array.from({ length: hours * 60 }, (_, minute) => ({
    name: NAME,
    value: (minute % 1440) / 4,
    tags: { a: `${minute % 3}` },
    timestamp: START + minute * 60_000 + (minute % 7),
  }));
}

describe('aggregateMetrics over rollups', () => {
  it('takes the coarsest rollup that no bucket cuts', async () => {
    const store = await createAggregateStore(server.url);
    await store.run(store.batch(history(49)));
    await store.merge(LATER);
    const sourceOf = async (options: object) => (await store.aggregate({ name: NAME, aggregations: ['avg'], ...options })).source;
    // Two days by day, the hour that is left by hour.
    expect(await sourceOf({ interval: '1d' })).toEqual({ samples: 0, rollupRows: 2 * 3 + 3, hoursLeftOut: 0 });
    expect(await sourceOf({})).toEqual({ samples: 0, rollupRows: 2 * 3 + 3, hoursLeftOut: 0 });
    expect(await sourceOf({ interval: '1h' })).toEqual({ samples: 0, rollupRows: 49 * 3, hoursLeftOut: 0 });
    expect(await sourceOf({ interval: '5m' })).toEqual({ samples: 0, rollupRows: 49 * 60, hoursLeftOut: 0 });
    // Days of another zone begin within a UTC day, and in Kathmandu within an hour.
    expect(await sourceOf({ interval: '1d', timezone: 'Europe/Berlin' })).toEqual({ samples: 0, rollupRows: 49 * 3, hoursLeftOut: 0 });
    expect(await sourceOf({ interval: '1d', timezone: 'Asia/Kathmandu' })).toEqual({ samples: 0, rollupRows: (49 - 2) * 3 + 2 * 60, hoursLeftOut: 0 });
    expect(await sourceOf({ interval: '90s' })).toEqual({ samples: 49 * 60, rollupRows: 0, hoursLeftOut: 0 });
    // Minutes have no sketches.
    expect(await sourceOf({ interval: '5m', aggregations: ['p95'] })).toEqual({ samples: 49 * 60, rollupRows: 0, hoursLeftOut: 0 });
    expect(await sourceOf({ interval: '6h', aggregations: ['p95'] })).toEqual({ samples: 0, rollupRows: 49 * 3, hoursLeftOut: 0 });
    // The ends of the range cut as well: ten minutes by minute, and the hour that ends between two minutes by sample.
    expect(await sourceOf({ startTime: START + 50 * 60_000, endTime: START + 3 * HOUR - 1 })).toEqual({ samples: 0, rollupRows: 10 + 2 * 3, hoursLeftOut: 0 });
    expect(await sourceOf({ startTime: START, endTime: START + HOUR + 60_003 })).toEqual({ samples: 1, rollupRows: 3, hoursLeftOut: 0 });
    store.redis.disconnect();
  });

  it('counts samples that came after the rollup, before they are merged and after', async () => {
    const store = await createAggregateStore(server.url);
    await store.run(store.batch(history(26)));
    await store.merge(LATER);
    const query = { name: NAME, aggregations: ['sum', 'count', 'last', 'increase'], interval: '1h' };
    const late: Metric[] = [];
    const check = async () => expect(mismatches(await store.aggregate(query), [...history(26), ...late], query)).toEqual([]);
    await check();
    late.push({ name: NAME, value: 1000, tags: { a: '0' }, timestamp: START + HOUR + 5 }, { name: NAME, value: 7, tags: { a: 'new' }, timestamp: START + 3 * HOUR - 1 });
    await store.run(store.batch(late));
    await check();
    await store.merge(LATER);
    await check();
    expect((await store.aggregate(query)).source).toMatchObject({ samples: 0 });
    store.redis.disconnect();
  });

  it('goes on telling of samples that have expired, as finely as rollups are kept', async () => {
    const store = await createAggregateStore(server.url);
    await store.run(store.batch(history(36)));
    await store.run(store.batch(history(72).slice(36 * 60)));
    await store.merge(LATER);
    const whole = { name: NAME, aggregations: ['avg', 'max', 'increase', 'first', 'lastTime', 'p50', 'distinct:a'], interval: '1d' };
    const byHour = { ...whole, interval: '1h' };
    const byMinutes = { name: NAME, aggregations: ['avg', 'max'], interval: '5m' };
    const before = await Promise.all([whole, byHour, byMinutes].map(async (query) => store.aggregate(query)));
    store.oldest.kept = START + 2 * DAY;
    const after = await Promise.all([whole, byHour, byMinutes].map(async (query) => store.aggregate(query)));
    expect(after.map(({ series }) => series)).toEqual(before.map(({ series }) => series));
    expect((await store.aggregate({ ...byMinutes, startTime: START + 90 * 60_000, endTime: START + 2 * HOUR - 1 })).series[0]!.points).toHaveLength(6);

    // Minutes are kept for a day, hours for two.
    store.oldestRollup.minute = START + 2 * DAY;
    store.oldestRollup.hour = START + DAY;
    const coarser = await store.aggregate(byMinutes);
    expect(coarser.source.hoursLeftOut).toBe(48);
    expect(coarser.series[0]!.points[0]!.time).toBe(START + 2 * DAY);
    expect((await store.aggregate(byHour)).source.hoursLeftOut).toBe(24);
    expect((await store.aggregate(whole)).series).toEqual(before[0]!.series);
    store.redis.disconnect();
  });

  it('answers the same while merges run', async () => {
    const store = await createAggregateStore(server.url);
    const samples = history(6);
    const query = { name: NAME, aggregations: ['count', 'sum', 'increase', 'p50'], interval: '1h' };
    const parts = Array.from({ length: 4 }, (_, part) => samples.filter((_sample, place) => place % 4 === part));
    await store.run(store.batch(parts[0]!));
    const stored = [...parts[0]!];
    for (const part of parts.slice(1)) {
      await store.run(store.batch(part));
      stored.push(...part);
      let isMerging = true;
      const merging = store.merge(LATER).finally(() => (isMerging = false));
      do {
        store.goCold();
        expect(mismatches(await store.aggregate(query), stored, query)).toEqual([]);
      } while (isMerging);
      await merging;
    }
    expect((await store.aggregate(query)).source.samples).toBe(0);
    store.redis.disconnect();
  });

  it('answers the same from rollups as from samples, whatever came when and was merged when', async () => {
    const step = fc.oneof({ weight: 3, arbitrary: samplesArbitrary(120) }, fc.constant('merge' as const));
    const plan = fc.array(step, { minLength: 2, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(plan, fc.array(queryArbitrary, { minLength: 4, maxLength: 8 }), fc.boolean(), async (steps, queries, isAsked) => {
        const store = await createAggregateStore(server.url);
        try {
          const samples: Metric[] = [];
          for (const one of steps) {
            if (one === 'merge') await store.merge(LATER);
            else {
              await store.run(store.batch(one));
              samples.push(...one);
            }
            // What is in memory by then has to be seen through.
            if (isAsked) await store.aggregate(queries[0]!);
          }
          for (const query of queries) {
            const answer = await store.aggregate(query);
            expect({ query, found: mismatches(answer, samples, query) }).toEqual({ query, found: [] });
            const { series } = await store.aggregateSamples(query);
            // To the last bit, percentiles too: only variances are rounded on the way.
            expect({ query, series: withoutSpread(answer.series) }).toEqual({ query, series: withoutSpread(series) });
          }
        } finally {
          store.redis.disconnect();
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 12) },
    );
  });
});

function withoutSpread(series: readonly { readonly points: readonly object[] }[]): unknown {
  return series.map(({ points, ...rest }) => ({ ...rest, points: points.map((point) => ({ ...point, variance: 0, stddev: 0 })) }));
}

