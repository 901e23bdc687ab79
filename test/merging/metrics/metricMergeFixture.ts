import type { Redis } from 'ioredis';

import { HOUR_MS } from '../../../src/codec/hours.js';
import type { Metric } from '../../../src/contract/metric.js';
import { mergeAll, type MergeLimits } from '../../../src/merging/mergeAll.js';
import { createMetricFixture, type MetricFixtureOptions } from '../../queries/metrics/metricFixture.js';

export const HOUR = 480_000;
export const START = HOUR * HOUR_MS;
/** When the hour and the grace for what comes late are over. */
export const LATER = START + 2 * HOUR_MS;

/** The store of metrics with its merging. */
export async function createMetricMergeFixture(url: string, options: MetricFixtureOptions = {}) {
  const store = await createMetricFixture(url, options);
  const { redis, keys, secrets } = store;
  return Object.assign(store, {
    merge: async (now = LATER, limits: MergeLimits = {}, through: Redis = redis) => mergeAll({ redis: through, keys, secrets, now: () => now }, limits),
    /** Stores samples of a metric in one batch. */
    add: async (samples: readonly Partial<Metric>[]) => store.run(store.batch(samples)),
  });
}

export type MetricMergeFixture = Awaited<ReturnType<typeof createMetricMergeFixture>>;
