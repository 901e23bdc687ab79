import type { RollupDays } from '../config/rollupDays.js';
import { oldestKeptAt } from '../config/retention.js';
import { hourOf } from '../codec/hours.js';
import { firstHourOf, tiers, type Tier } from '../codec/rollups/tiers.js';
import { tierNames } from '../storage/metrics/tierNames.js';
import type { CleanupRun } from './CleanupRun.js';
import { runRemoval } from './runStep.js';

/** Rollups of one step: one may have 100 kB and more. */
const STEP = 10;
const ID_BYTES = 16;

const allTiers = Object.keys(tiers) as Tier[]; // the keys of a record by tier

/** The first hour that any rollup may still tell of, counted from 1970. */
export function firstRolledUpHour(days: RollupDays, now: number): number {
  const hours = allTiers.map((tier) => hourOf(oldestKeptAt(days[tierNames[tier]], now)) - tiers[tier].hours);
  return Math.min(...hours);
}

/**
 * Removes the rollups of a metric whose whole period is older than its tier's retention.
 * @returns how many were removed, and whether any are left
 */
export async function removeExpiredRollups(run: CleanupRun, name: string, days: RollupDays): Promise<{ readonly removed: number; readonly areLeft: boolean }> {
  const series = run.keys.metric(name);
  let removed = 0;
  let found = 0;
  for (const tier of allTiers) {
    const key = series.tier(tierNames[tier]);
    const fields = await run.redis.hkeysBuffer(key);
    const periods = fields.flatMap((field) => (field.length < ID_BYTES ? [Number(field.toString())] : []));
    const firstKept = hourOf(oldestKeptAt(days[tierNames[tier]], run.now));
    const expired = periods.filter((period) => firstHourOf(tier, period + 1) <= firstKept);
    found += periods.length;
    for (let from = 0; from < expired.length; from += STEP) {
      run.throwIfAborted();
      const [rollups = 0] = await runRemoval(run, series, 'removeRollups', { keys: [key, series.dataKeys], args: expired.slice(from, from + STEP) });
      removed += rollups;
    }
  }
  return { removed, areLeft: found > removed };
}
