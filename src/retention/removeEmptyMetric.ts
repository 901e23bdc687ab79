import { tierNames } from '../storage/metrics/tierNames.js';
import type { CleanupRun } from './CleanupRun.js';
import { runStep } from './runStep.js';

/**
 * Removes a metric that has neither samples nor rollups left: the tags of its series, then its name from the catalogue. A sample that is
 * stored meanwhile puts the name back.
 *
 * @returns tag sets removed; undefined when the metric is in use, or another clean-up removed it
 */
export async function removeEmptyMetric(run: CleanupRun, name: string, sealedName: Buffer): Promise<number | undefined> {
  const { redis, keys } = run;
  const { chunks, time, dataKeys, counts, tags, pastTags, absorbed, tier } = keys.metric(name);
  const tiers = Object.values(tierNames).map(tier);
  const removed = await runStep(redis, 'removeEmptyMetric', { keys: [chunks, time, dataKeys, counts, tags, pastTags, absorbed, ...tiers], args: [] });
  if (removed === undefined) return undefined;
  const wasListed = await redis.hdel(keys.metricCatalogue, name);
  // The catalogue lies in another slot, so no script can do both; whoever stored in between is listed again.
  if ((await redis.exists(chunks)) > 0) await redis.hsetnx(keys.metricCatalogue, name, sealedName);
  return wasListed === 1 ? (removed[0] ?? 0) : undefined;
}
