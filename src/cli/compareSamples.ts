import type { Metric } from '../contract/metric.js';
import type { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import { RESPONSE_BYTES, type ReplaySample } from './createReplayRecords.js';

/** How often each sample occurs: a sample has no id, so one is told from another by all it holds. */
export type SampleCounts = ReadonlyMap<string, number>;

const HOUR_MS = 3_600_000;

/** Reads what the store holds of the replay's metric in the hours of `samples`. */
export async function readSamples(
  service: Pick<AnalyticsService, 'getMetrics'>,
  samples: Iterable<ReplaySample>,
): Promise<SampleCounts> {
  const hours = new Set<number>();
  for (const { timestamp } of samples) hours.add(Math.floor(timestamp / HOUR_MS));
  const counts = new Map<string, number>();
  for (const hour of hours) {
    const range = { startTime: hour * HOUR_MS, endTime: (hour + 1) * HOUR_MS - 1 };
    for (const sample of await service.getMetrics({ name: RESPONSE_BYTES, ...range })) count(counts, sample);
  }
  return counts;
}

/**
 * @param before what was there before the replay: an earlier replay may have stored the same
 * @returns samples of `sent` that the store holds, holds too often, and lacks
 */
export function compareSamples(
  sent: Iterable<ReplaySample>,
  before: SampleCounts,
  after: SampleCounts,
): { stored: number; duplicates: number; missing: number } {
  const expected = new Map<string, number>();
  for (const sample of sent) count(expected, sample);
  const result = { stored: 0, duplicates: 0, missing: 0 };
  for (const [key, wanted] of expected) {
    const added = (after.get(key) ?? 0) - (before.get(key) ?? 0);
    result.stored += Math.min(added, wanted);
    result.duplicates += Math.max(0, added - wanted);
    result.missing += Math.max(0, wanted - added);
  }
  return result;
}

function count(counts: Map<string, number>, { value, tags, timestamp }: ReplaySample | Metric): void {
  const sorted = Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const key = JSON.stringify([timestamp, value, sorted]);
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
