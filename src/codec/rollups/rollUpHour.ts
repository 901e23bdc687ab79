import { rollUp, rollUpRows, type SeriesSamples } from '../../insights/aggregation/rollUp.js';
import type { RollupTable } from '../../insights/aggregation/RollupTable.js';
import { HOUR_MS } from '../hours.js';
import { encodeRollup } from './encodeRollup.js';
import type { StoredRollup } from './StoredRollup.js';
import { firstHourOf, periodOf, tiers } from './tiers.js';

/** The merged samples of one UTC hour of a metric. */
export interface MergedHour {
  readonly hour: number;
  /** What tells these samples from those that a later merge makes of them. Not 0. */
  readonly version: number;
  /** Each series once, in the order of (time, value). */
  readonly series: readonly SeriesSamples[];
}

/** The hour's rollup by minutes. */
export function rollUpMinutes({ hour, version, series }: MergedHour): Buffer {
  const { width, withSketches } = tiers.minute;
  return encodeRollup(rollUp(series, { start: hour * HOUR_MS, width, withSketches }), new Map([[0, version]]));
}

/** A day's rollup by hours with this hour in it, in place of what it said of it before. */
export function rollUpHours(known: StoredRollup | undefined, { hour, version, series }: MergedHour): Buffer {
  const { width, withSketches } = tiers.hour;
  const fresh = rollUp(series, { start: hour * HOUR_MS, width, withSketches });
  const first = firstHourOf('hour', periodOf('hour', hour));
  const options = { start: first * HOUR_MS, width, withSketches };
  return encodeRollup(replaceRows(known, fresh, hour - first, options), new Map([...(known?.versions ?? []), [hour - first, version]]));
}

/** A rollup of 32 days by days with this day in it, in place of what it said of it before. @param hours the day's rollup by hours */
export function rollUpDays(known: StoredRollup | undefined, hours: StoredRollup): Buffer {
  const { width, withSketches } = tiers.day;
  const firstHour = hours.start / HOUR_MS;
  const first = firstHourOf('day', periodOf('day', firstHour));
  const options = { start: first * HOUR_MS, width, withSketches };
  const fresh = rollUpRows([hours], { ...options, start: hours.start });
  const versions = new Map(known?.versions);
  for (const [hour, version] of hours.versions) versions.set(firstHour - first + hour, version);
  return encodeRollup(replaceRows(known, fresh, (firstHour - first) / 24, options), versions);
}

function replaceRows(known: StoredRollup | undefined, fresh: RollupTable, bucket: number, options: { readonly start: number; readonly width: number; readonly withSketches: boolean }): RollupTable {
  return rollUpRows(known === undefined ? [fresh] : [known, fresh], { ...options, keeps: (table, row) => table !== known || known.buckets[row] !== bucket });
}
