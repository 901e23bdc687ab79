import { CANARY_TYPE } from '../monitoring/canary/canaryType.js';
import type { Keys, SeriesKeys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { tierNames } from './metrics/tierNames.js';

/** An event type or a metric that is stored. */
export interface StoredSeries {
  readonly kind: 'events' | 'metrics';
  /** The event type, or the metric's name as it stands in keys. */
  readonly name: string;
  readonly keys: SeriesKeys;
  /** The hashes that hold what its data keys seal: its chunks, and of a metric its rollups. */
  readonly sealed: readonly string[];
}

/** All that is stored, the service's own test events too. */
export async function storedSeries(redis: RedisClient, keys: Keys): Promise<StoredSeries[]> {
  const [types, metrics] = await Promise.all([redis.hkeys(keys.eventCatalogue), redis.hkeys(keys.metricCatalogue)]);
  const events = [...types, CANARY_TYPE].map((name): StoredSeries => {
    const series = keys.event(name);
    return { kind: 'events', name, keys: series, sealed: [series.chunks] };
  });
  const samples = metrics.map((name): StoredSeries => {
    const series = keys.metric(name);
    return { kind: 'metrics', name, keys: series, sealed: [series.chunks, ...Object.values(tierNames).map(series.tier)] };
  });
  return [...events, ...samples];
}
