import { HOUR_MS } from '../../codec/hours.js';
import type { StoredRollup } from '../../codec/rollups/StoredRollup.js';
import { firstHourOf, periodOf, tiers, type Tier } from '../../codec/rollups/tiers.js';
import type { SeriesSlice } from '../../storage/metrics/SeriesSlice.js';
import type { Cuts } from './Cuts.js';

/** Stored rollups by tier and period. */
export interface RollupSource {
  /** Those of these periods that there are. */
  load(keyName: string, tier: Tier, periods: readonly number[]): Promise<ReadonlyMap<number, StoredRollup>>;
  /** The hours of a range that a tier tells of, ascending; each period counts as a whole. */
  hours(keyName: string, tier: Tier, fromHour: number, toHour: number): Promise<readonly number[]>;
  /** The first hour that a tier may tell of once its samples have expired. */
  firstHour(tier: Tier): number;
}

/** An hour, as its index shows it. */
export interface HourState {
  readonly hour: number;
  /** Of its merged samples; 0 where there are none, undefined where they have expired and any rollup of them counts. */
  readonly version: number | undefined;
  /** Samples beside the merged ones. */
  readonly small: readonly SeriesSlice[];
}

/** Where the samples of some hours are taken from. Steps are in the order of time, if that was asked for. */
export type PlanStep =
  | { readonly kind: 'chunks'; readonly firstHour: number; lastHour: number }
  | { readonly kind: 'slices'; readonly slices: readonly SeriesSlice[] }
  | { readonly kind: 'rows'; readonly table: StoredRollup; readonly firstBucket: number; lastBucket: number };

export interface PlanRequest {
  readonly keyName: string;
  /** How edges of buckets and the ends of the range cut hours. */
  readonly cuts: Cuts;
  /** Where the range begins, for samples and for rollups of expired ones, and what it ends before; ms, may be infinite. */
  readonly range: { readonly lower: number; readonly startTime: number; readonly end: number };
  /** Whether samples of a series have to come in order, so that an hour is taken from one place only. */
  readonly needsOrder: boolean;
  readonly needsSketches: boolean;
}

export interface Plan {
  readonly steps: readonly PlanStep[];
  /** Hours whose samples have expired, and whose rollups are too coarse for the query or gone. */
  readonly leftOut: number;
}

const DAY_HOURS = 24;

/**
 * For each hour the coarsest rollup that no edge cuts and that was computed from the samples as they are now; samples
 * where there is none. Hours of equal ways that follow each other become one step.
 */
export async function planSteps(hours: readonly HourState[], source: RollupSource | undefined, request: PlanRequest): Promise<Plan> {
  const { keyName, cuts, range, needsOrder, needsSketches } = request;
  const finest = new Map<HourState, Tier>();
  for (const state of source === undefined ? [] : hours) {
    if (state.version === 0 || (needsOrder && state.small.length > 0)) continue;
    const cut = cuts.insideHour(state.hour);
    if (cut === 'none') finest.set(state, 'hour');
    else if (cut === 'minutes' && !needsSketches) finest.set(state, 'minute');
  }
  const chosen = new Map<HourState, { readonly tier: Tier; readonly table: StoredRollup }>();
  const take = async (tier: Tier, states: readonly HourState[]): Promise<void> => {
    if (source === undefined) return;
    const open = states.filter((state) => !chosen.has(state) && (state.version !== undefined || state.hour >= source.firstHour(tier)));
    if (open.length === 0) return;
    const tables = await source.load(keyName, tier, [...new Set(open.map(({ hour }) => periodOf(tier, hour)))]);
    for (const group of groupsOf(tier, open)) {
      const table = tables.get(periodOf(tier, group[0]!.hour)); // a group is never empty
      if (table !== undefined && tellsOf(table, tier, group)) for (const state of group) chosen.set(state, { tier, table });
    }
  };
  const whole = [...finest].flatMap(([state, tier]) => (tier === 'hour' ? [state] : []));
  await take('day', wholeDays(whole, hours, cuts));
  await take('hour', whole);
  if (!needsSketches) await take('minute', [...finest.keys()]);

  const steps: PlanStep[] = [];
  // Their order is of no importance where samples are beside rows, and a day's row would be taken once for each part of it.
  const beside: PlanStep[] = [];
  let leftOut = 0;
  for (const state of hours) {
    const { hour, version, small } = state;
    const found = chosen.get(state);
    if (found !== undefined) {
      addRows(steps, found.tier, found.table, state, range);
      if (small.length > 0) beside.push({ kind: 'slices', slices: small });
    } else if (version === undefined) leftOut += 1;
    else if (version === 0) steps.push({ kind: 'slices', slices: small });
    else addChunks(steps, hour);
  }
  return { steps: [...steps, ...beside], leftOut };
}

/** Days that no edge cuts, and of which each hour that has samples can be told by a rollup. */
function wholeDays(whole: readonly HourState[], hours: readonly HourState[], cuts: Cuts): HourState[] {
  const dayOf = ({ hour }: HourState): number => Math.floor(hour / DAY_HOURS);
  const isWhole = new Set(whole);
  const refused = new Set(hours.flatMap((state) => (isWhole.has(state) ? [] : [dayOf(state)])));
  return whole.filter((state) => !refused.has(dayOf(state)) && cuts.inside(dayOf(state) * DAY_HOURS * HOUR_MS, (dayOf(state) + 1) * DAY_HOURS * HOUR_MS) === 'none');
}

/** Hours that one row of the tier stands for, or that are one stored rollup. */
function groupsOf(tier: Tier, states: readonly HourState[]): HourState[][] {
  const groups = new Map<number, HourState[]>();
  for (const state of states) {
    const key = tier === 'day' ? Math.floor(state.hour / DAY_HOURS) : state.hour;
    const group = groups.get(key) ?? [];
    group.push(state);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Whether the rollup was computed from exactly these samples. A day's row also of no other hour's. */
function tellsOf({ versions }: StoredRollup, tier: Tier, group: readonly HourState[]): boolean {
  const first = firstHourOf(tier, periodOf(tier, group[0]!.hour));
  const agrees = group.every(({ hour, version }) => {
    const known = versions.get(hour - first);
    return known !== undefined && (version === undefined || known === version);
  });
  if (!agrees || tier !== 'day') return agrees;
  const day = Math.floor(group[0]!.hour / DAY_HOURS) * DAY_HOURS - first;
  const inGroup = new Set(group.map(({ hour }) => hour - first));
  for (let hour = day; hour < day + DAY_HOURS; hour += 1) if (versions.has(hour) && !inGroup.has(hour)) return false;
  return true;
}

function addRows(steps: PlanStep[], tier: Tier, table: StoredRollup, { hour, version }: HourState, range: PlanRequest['range']): void {
  const { width } = tiers[tier];
  const hourStart = hour * HOUR_MS;
  const bucketAt = (time: number): number => (time - table.start) / width;
  // The range may begin or end between two minutes of its first or last hour.
  const begin = version === undefined ? range.startTime : range.lower;
  const firstBucket = Math.max(Math.floor(bucketAt(hourStart)), Math.ceil(bucketAt(begin)));
  const lastBucket = Math.min(Math.ceil(bucketAt(hourStart + HOUR_MS)), Math.floor(bucketAt(range.end))) - 1;
  const before = steps.at(-1);
  // Rows of an hour in between that has no samples any more would be samples that are gone.
  const follows = before?.kind === 'rows' && before.table === table && firstBucket <= before.lastBucket + 1;
  if (follows) before.lastBucket = lastBucket;
  else steps.push({ kind: 'rows', table, firstBucket, lastBucket });
}

function addChunks(steps: PlanStep[], hour: number): void {
  const before = steps.at(-1);
  if (before?.kind === 'chunks') before.lastHour = hour;
  else steps.push({ kind: 'chunks', firstHour: hour, lastHour: hour });
}
