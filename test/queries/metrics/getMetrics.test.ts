import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ValidationError } from '../../../src/errors/ValidationError.js';
import type { Metric } from '../../../src/contract/metric.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createMetricFixture } from './metricFixture.js';

const HOUR = 3_600_000;
const START = 480_000 * HOUR;

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

describe('getMetrics', () => {
  it('gives samples oldest first, exact to the last bit, with tags and names of any Unicode', async () => {
    const store = await createMetricFixture(server.url);
    const name = 'größe: tags:cpu {x} 😀';
    const samples = [
      { name, value: -0, tags: { 'schlüssel=': 'wert|', 10: '' }, timestamp: START + HOUR },
      { name, value: Number.MIN_VALUE, tags: {}, timestamp: START },
      { name, value: 0.1 + 0.2, tags: { 'schlüssel=': 'wert|' }, timestamp: START + 5 },
    ];
    expect(await store.run(store.batch(samples))).toEqual({ stored: 3, duplicates: 0, overflow: 0, expired: 0 });
    expect(await store.get({ name })).toEqual([samples[1], samples[2], samples[0]]);
    expect(await store.get({ name, tags: { 'schlüssel=': 'wert|' } })).toEqual([samples[2], samples[0]]);
    expect(await store.get({ name, tags: { 'schlüssel=': 'wert|', 10: '' }, limit: 1 })).toEqual([samples[0]]);
    expect(await store.get({ name, tags: { schlüssel: '=wert|' } })).toEqual([]);
    expect(await store.get({ name: 'tags:größe' })).toEqual([]);
    store.redis.disconnect();
  });

  it('lists every bad option in one error that holds none of the values', async () => {
    const store = await createMetricFixture(server.url);
    const error = await store.get({ name: '', limit: 0, tags: { secret: 7 }, startTime: 'secret' } as never).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).issues.map((issue) => issue.path).sort()).toEqual(['limit', 'name', 'startTime', 'tags']);
    expect((error as Error).message).not.toContain('secret');
    store.redis.disconnect();
  });

  it('answers as a naive model does', async () => {
    const time = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.constantFrom(0, 1, 2, HOUR - 1)).map(([hour, ms]) => START + hour * HOUR + ms);
    const tags = fc.dictionary(fc.constantFrom('a', 'b', '10', 'constructor'), fc.constantFrom('', 'x', 'y'), { noNullPrototype: true });
    const name = fc.constantFrom('cpu', 'tags:cpu', 'time:cpu', '~cpu');
    const batches = fc.array(fc.array(fc.record({ name, tags, timestamp: time }), { minLength: 1, maxLength: 10 }), { maxLength: 8 });
    const queries = fc.array(fc.record({ name, tags, startTime: time, endTime: time, limit: fc.integer({ min: 1, max: 9 }) }, { requiredKeys: ['name'] }), { minLength: 3, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(batches, queries, fc.option(time, { nil: -Infinity }), async (given, asked, oldestKept) => {
        const store = await createMetricFixture(server.url);
        try {
          const all: Metric[] = [];
          for (const batch of given) {
            const samples = batch.map((sample) => ({ ...sample, value: Math.random() }));
            const job = store.batch(samples);
            const results = await Promise.all([store.run(job), store.run(job)]);
            expect(results[0].stored + results[1].stored).toBe(samples.length);
            all.push(...samples);
          }
          store.oldest.kept = oldestKept;
          for (const { name: wanted, tags: filter = {}, startTime = -Infinity, endTime = Infinity, limit = Infinity } of asked) {
            const expected = all.filter(
              (sample) =>
                sample.name === wanted &&
                sample.timestamp >= Math.max(startTime, oldestKept) &&
                sample.timestamp <= endTime &&
                Object.entries(filter).every(([key, value]) => Object.hasOwn(sample.tags, key) && sample.tags[key] === value),
            );
            const found = await store.get({
              name: wanted,
              tags: filter,
              ...(startTime > 0 && { startTime }),
              ...(endTime < Infinity && { endTime }),
              ...(limit < Infinity && { limit }),
            });
            // Samples of one time have no order of their own: compared by time first, then each with its like.
            expect(found.map((sample) => sample.timestamp)).toEqual(
              expected.map((sample) => sample.timestamp).sort((one, other) => one - other).slice(0, limit),
            );
            const byValue = new Map(expected.map((sample) => [sample.value, sample]));
            for (const sample of found) expect(sample).toEqual(byValue.get(sample.value));
            expect(new Set(found.map((sample) => sample.value)).size).toBe(found.length);
          }
        } finally {
          store.redis.disconnect();
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 25) },
    );
  });
});
