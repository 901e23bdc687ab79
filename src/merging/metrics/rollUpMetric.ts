import { rollUpDays, rollUpHours, rollUpMinutes, type MergedHour } from '../../codec/rollups/rollUpHour.js';
import { StoredRollup } from '../../codec/rollups/StoredRollup.js';
import { firstHourOf, periodOf } from '../../codec/rollups/tiers.js';
import { HOUR_MS } from '../../codec/hours.js';
import { combineSlices } from '../../storage/metrics/combineSlices.js';
import type { MetricReader } from '../../storage/metrics/MetricReader.js';
import type { StoredPeriod, TierStore } from '../../storage/metrics/TierStore.js';
import type { MergeRun } from '../MergeRun.js';
import type { MergeReport } from '../mergeStatus.js';
import type { MetricPlace } from './mergeSamples.js';
import { rolledUpField, type HourMarks } from './readHourMarks.js';

const MOST_TRIES = 5;

export interface RollUpStores {
  readonly reader: MetricReader;
  readonly tiers: TierStore;
}

/**
 * Makes the rollups of every hour whose merged samples have changed since: by minute, by hour and by day. Killed at any
 * point it leaves rollups that name other samples than there are, which no query uses, and hours that the next merge takes
 * up. A rollup is read before the samples, and replaced only if it is still the same: so of two merges at once the later
 * one wins.
 *
 * @param oldestKept hours that begin before it are left as they are: some of their samples may have been removed
 */
export async function rollUpMetric(run: MergeRun, stores: RollUpStores, place: MetricPlace, { swaps, rolledUp }: HourMarks, oldestKept: number, report: MergeReport): Promise<void> {
  const gone = [...rolledUp.keys()].filter((hour) => !swaps.has(hour));
  if (gone.length > 0) await run.redis.hdel(place.keys.counts, ...gone.map(rolledUpField));
  const due = [...swaps].filter(([hour, count]) => rolledUp.get(hour) !== count).sort(([one], [other]) => one - other);
  for (const [day, hours] of byDay(due)) {
    if (run.isLate()) {
      report.isComplete = false;
      return;
    }
    const kept = hours.filter(([hour]) => hour * HOUR_MS >= oldestKept).map(([hour]) => hour);
    if (kept.length > 0 && !(await rollUpDay(stores, place.keyName, day, kept))) continue;
    // Only now: whoever finds these hours marked may take their rollups for whole.
    await run.redis.hset(place.keys.counts, Object.fromEntries(hours.map(([hour, count]) => [rolledUpField(hour), count])));
    report.rollups += kept.length;
  }
}

/** @returns false where other merges kept coming in between */
async function rollUpDay(stores: RollUpStores, keyName: string, day: number, hours: readonly number[]): Promise<boolean> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const before = await stores.tiers.readOne(keyName, 'hour', day);
    const byHour = await rollUpEach(stores, keyName, before, hours);
    if (byHour === undefined) continue;
    if (byHour === before.bytes) return true;
    if (!(await stores.tiers.replace(keyName, 'hour', day, before, byHour))) continue;
    return rollUpMonth(stores, keyName, day);
  }
  return false;
}

/** The day's rollup by hours with these hours in it; their rollups by minutes are put in place on the way. */
async function rollUpEach({ reader, tiers }: RollUpStores, keyName: string, before: StoredPeriod, hours: readonly number[]): Promise<Buffer | undefined> {
  let byHour = before.bytes;
  for (const hour of hours) {
    const minutes = await tiers.readOne(keyName, 'minute', periodOf('minute', hour));
    const merged = await readMerged(reader, keyName, hour);
    if (merged === undefined) continue; // expired meanwhile
    if (!(await tiers.replace(keyName, 'minute', periodOf('minute', hour), minutes, rollUpMinutes(merged)))) return undefined;
    byHour = rollUpHours(byHour === undefined ? undefined : new StoredRollup(byHour), merged);
  }
  return byHour;
}

async function rollUpMonth({ tiers }: RollUpStores, keyName: string, day: number): Promise<boolean> {
  const period = periodOf('day', firstHourOf('hour', day));
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const before = await tiers.readOne(keyName, 'day', period);
    const { bytes } = await tiers.readOne(keyName, 'hour', day);
    if (bytes === undefined) return true; // expired meanwhile
    const byDay = rollUpDays(before.bytes === undefined ? undefined : new StoredRollup(before.bytes), new StoredRollup(bytes));
    if (await tiers.replace(keyName, 'day', period, before, byDay)) return true;
  }
  return false;
}

async function readMerged(reader: MetricReader, keyName: string, hour: number): Promise<MergedHour | undefined> {
  const lower = hour * HOUR_MS;
  for await (const { version, slices } of reader.hours(keyName, { lower, upper: lower + HOUR_MS - 1, parts: 'merged' })) {
    if (version !== 0) return { hour, version, series: [...combineSlices(slices).values()] };
  }
  return undefined;
}

function byDay(hours: readonly (readonly [hour: number, swaps: number])[]): Map<number, (readonly [hour: number, swaps: number])[]> {
  const days = new Map<number, (readonly [number, number])[]>();
  for (const one of hours) {
    const day = periodOf('hour', one[0]);
    days.set(day, [...(days.get(day) ?? []), one]);
  }
  return days;
}
