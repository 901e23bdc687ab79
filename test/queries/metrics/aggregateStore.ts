import type { Tier } from '../../../src/codec/rollups/tiers.js';
import { createAggregations } from '../../../src/insights/aggregation/aggregations.js';
import { mergeAll, type MergeLimits } from '../../../src/merging/mergeAll.js';
import type { AggregateMetricsOptions } from '../../../src/queries/metrics/aggregateOptions.js';
import { createMetricQueries, type MetricQueries } from '../../../src/queries/metrics/createMetricQueries.js';
import { RollupReader } from '../../../src/queries/metrics/RollupReader.js';
import { offGuard } from '../../../src/security/guard/offGuard.js';
import { MetricNames } from '../../../src/storage/metrics/MetricNames.js';
import { MetricReader } from '../../../src/storage/metrics/MetricReader.js';
import { SeriesCatalogue } from '../../../src/storage/metrics/SeriesCatalogue.js';
import { TierStore } from '../../../src/storage/metrics/TierStore.js';
import { createMetricFixture } from './metricFixture.js';

/** The store of metrics with merging and aggregation, with rollups and without. */
export async function createAggregateStore(url: string) {
  const store = await createMetricFixture(url);
  const { redis, keys, secrets, oldest } = store;
  const aggregations = createAggregations();
  const oldestRollup: Record<Tier, number> = { minute: -Infinity, hour: -Infinity, day: -Infinity };
  const queriesOf = (hasRollups: boolean): MetricQueries =>
    createMetricQueries({
      reader: new MetricReader({ redis, keys, secrets }),
      catalogue: new SeriesCatalogue(redis, keys, secrets),
      names: new MetricNames(redis, keys, secrets),
      secrets,
      guard: offGuard,
      oldestKept: () => oldest.kept,
      aggregations,
      rollups: hasRollups ? new RollupReader(new TierStore({ redis, keys, secrets }), (tier) => oldestRollup[tier]) : undefined,
    });
  let queries = queriesOf(true);
  const fromSamples = queriesOf(false);
  return Object.assign(store, {
    aggregations,
    /** ms since 1970 that rollups of a tier are shown from. */
    oldestRollup,
    aggregate: async <const Name extends string>(options: AggregateMetricsOptions<Name>) => queries.aggregateMetrics(options),
    aggregateSamples: async <const Name extends string>(options: AggregateMetricsOptions<Name>) => fromSamples.aggregateMetrics(options),
    /** Goes on with nothing in memory. */
    goCold(): void {
      queries = queriesOf(true);
    },
    merge: async (now: number, limits: MergeLimits = {}) => mergeAll({ redis, keys, secrets, now: () => now }, limits),
  });
}
