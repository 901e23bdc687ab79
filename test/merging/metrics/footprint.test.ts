import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { HOUR_MS } from '../../../src/codec/hours.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createMetricMergeFixture, START } from './metricMergeFixture.js';

const NAME = 'cpu';
const SERIES = 100;
const HOURS = 2;
const INTERVAL = 15_000;

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

/** The same numbers in each run: xorshift32. */
let state = 2_463_534_242;
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}

/** Gauges of two decimals that wander or are noise, and counters; 15 s apart with 20 ms of jitter. */
function valueOf(series: number, before: number): number {
  if (series % 4 === 0) return Math.round((before + random() - 0.5) * 100) / 100;
  if (series % 4 === 1) return before + Math.floor(random() * 50);
  return Math.round((40 + 15 * (random() + random() + random())) * 100) / 100;
}

describe('the store of merged samples', () => {
  it('takes at most 5 bytes a sample, every key of the metric counted but its rollups', async () => {
    const store = await createMetricMergeFixture(server.url);
    const last = Array.from({ length: SERIES }, () => 100);
    let count = 0;
    for (let from = 0; from < HOURS * HOUR_MS; from += 20 * INTERVAL) {
      const samples = Array.from({ length: 20 }, (_, at) =>
        last.map((before, series) => {
          last[series] = valueOf(series, before);
          return { name: NAME, value: last[series], tags: { host: `host-${series}`, region: 'eu' }, timestamp: START + from + at * INTERVAL + Math.floor(random() * 20) };
        }),
      ).flat();
      count += samples.length;
      await store.add(samples);
    }
    await store.merge(START + (HOURS + 1) * HOUR_MS, { graceMs: 0 });
    await store.merge(START + (HOURS + 1) * HOUR_MS + 1, { graceMs: 0 });
    const { chunks, time, dataKeys, counts, retired, absorbed, tags, pastTags } = store.keys.metric(NAME);
    const bytesOf = async (names: readonly string[]) => {
      const sizes = await Promise.all(names.map(async (key) => Number((await store.redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0)) ?? 0)));
      return sizes.reduce((sum, size) => sum + size, 0) / count;
    };
    expect(await store.redis.zcard(time)).toBe(HOURS);
    // Of the 3, a tenth is tags, which are kept once however many samples there are.
    expect(await bytesOf([chunks, time, dataKeys, counts, retired, absorbed, tags, pastTags])).toBeLessThan(3);
    store.redis.disconnect();
  }, 30_000);
});
