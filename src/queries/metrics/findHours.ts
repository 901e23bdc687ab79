import { HOUR_MS, hourOf } from '../../codec/hours.js';
import type { Tier } from '../../codec/rollups/tiers.js';
import type { MetricReader } from '../../storage/metrics/MetricReader.js';
import type { HourState, RollupSource } from './planSteps.js';
import type { SampleBudget } from './SampleBudget.js';

export interface HourRange {
  readonly keyName: string;
  /** What was asked for, whole ms; may be infinite. */
  readonly startTime: number;
  /** The same, from the oldest sample that is kept. */
  readonly lower: number;
  readonly upper: number;
  readonly series: ReadonlySet<string> | undefined;
}

const TIERS: readonly Tier[] = ['day', 'hour', 'minute'];

/** The hours of a range of which there are samples, or rollups of samples that have expired; oldest first. */
export async function findHours(reader: MetricReader, rollups: RollupSource | undefined, range: HourRange, budget: SampleBudget): Promise<HourState[]> {
  const { keyName, startTime, lower, upper, series } = range;
  const states: HourState[] = [];
  if (rollups !== undefined && lower > startTime) {
    const firstHour = startTime === -Infinity ? 0 : hourOf(startTime);
    const lastHour = Math.min(hourOf(lower) - 1, hourOf(upper));
    const byTier = await Promise.all(TIERS.map(async (tier) => rollups.hours(keyName, tier, firstHour, lastHour)));
    for (const hour of [...new Set(byTier.flat())].sort((one, other) => one - other)) states.push({ hour, version: undefined, small: [] });
  }
  if (lower > upper) return states;
  for await (const { hour, version, slices } of reader.hours(keyName, { lower, upper, series, parts: 'small' })) {
    if (hour * HOUR_MS > upper) break;
    states.push({ hour, version, small: slices });
    budget.throwIfSpent();
  }
  return states;
}
