import { HOUR_MS } from '../hours.js';

/** How finely rollups are kept. */
export type Tier = 'minute' | 'hour' | 'day';

export interface TierShape {
  /** ms of a row. */
  readonly width: number;
  /** UTC hours that one stored rollup holds; periods are counted from 1970. */
  readonly hours: number;
  /** Whether percentiles can be answered from it. A minute has too few samples to gain by a sketch. */
  readonly withSketches: boolean;
}

export const tiers: Readonly<Record<Tier, TierShape>> = {
  minute: { width: 60_000, hours: 1, withSketches: false },
  hour: { width: HOUR_MS, hours: 24, withSketches: true },
  day: { width: 24 * HOUR_MS, hours: 32 * 24, withSketches: true },
};

/** The period of a tier that an hour lies in. */
export function periodOf(tier: Tier, hour: number): number {
  return Math.floor(hour / tiers[tier].hours);
}

/** The first hour of a period. */
export function firstHourOf(tier: Tier, period: number): number {
  return period * tiers[tier].hours;
}
