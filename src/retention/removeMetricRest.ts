import { hourOf } from '../codec/hours.js';
import type { RollupDays } from '../config/rollupDays.js';
import type { CleanupReport } from './cleanupStatus.js';
import type { CleanupRun } from './CleanupRun.js';
import { removeEmptyMetric } from './removeEmptyMetric.js';
import { firstRolledUpHour, removeExpiredRollups } from './removeExpiredRollups.js';
import { removeExpiredTags } from './removeExpiredTags.js';

/** Later than any: an hour of four bytes. */
const ALL_HOURS = 2 ** 32;

/**
 * Removes what a metric keeps beside its samples: rollups that are expired, and the tags of series that neither samples
 * nor rollups tell of; then the metric itself if nothing is left of it.
 */
export async function removeMetricRest(
  run: CleanupRun,
  metric: { readonly name: string; readonly sealedName: Buffer },
  { oldestSample, rollupDays }: { readonly oldestSample: number; readonly rollupDays: RollupDays },
): Promise<Pick<CleanupReport, 'rollups' | 'tagSets' | 'metrics'>> {
  const { name, sealedName } = metric;
  const { tags, pastTags, counts } = run.keys.metric(name);
  const rollups = await removeExpiredRollups(run, name, rollupDays);
  const taken = await removeExpiredTags(run, { tags, counts, past: rollups.areLeft ? pastTags : undefined, firstKept: hourOf(oldestSample) });
  const past = await removeExpiredTags(run, { tags: pastTags, counts, firstKept: rollups.areLeft ? firstRolledUpHour(rollupDays, run.now) : ALL_HOURS });
  const tagSets = past + (rollups.areLeft ? 0 : taken);
  const emptied = await removeEmptyMetric(run, name, sealedName);
  return { rollups: rollups.removed, tagSets: tagSets + (emptied ?? 0), metrics: emptied === undefined ? 0 : 1 };
}
