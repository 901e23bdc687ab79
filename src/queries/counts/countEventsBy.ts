import { z } from 'zod';

import { HOUR_MS } from '../../codec/hours.js';
import { ValidationError } from '../../errors/ValidationError.js';
import { isTimeZone } from '../../insights/aggregation/interval.js';
import { Breath } from '../../storage/Breath.js';
import { Budget } from '../events/Budget.js';
import { scanOptions } from '../events/eventOptions.js';
import type { EventSource } from '../events/EventSource.js';
import { mayTell } from '../events/EventView.js';
import { parseEventQuery } from '../events/parseEventQuery.js';
import { CountBuckets } from './CountBuckets.js';
import { shownTypes, type CountContext } from './CountContext.js';
import { countEdges } from './countEdges.js';
import { tallyHour, type Tally } from './tallyHour.js';

/** Counts in one answer: 69 days of minutes of one type. */
const MOST_COUNTS = 100_000;
/** Hours whose times are read at once. */
const HOURS_AT_ONCE = 4;
/** A year before the last time that a calendar has. */
const LAST_TIME = 8.64e15 - 366 * 24 * HOUR_MS;

export const countEventsByOptionsSchema = z.strictObject({
  ...scanOptions,
  /** Default: each type by itself. */
  type: z.string().optional(),
  interval: z.enum(['minute', 'hour', 'day']),
  /** Whose days and hours, by its name in the IANA database. Default: UTC. */
  timezone: z.string().refine(isTimeZone).default('UTC'),
});

/** What `countEventsBy` takes. */
export type CountEventsByOptions = z.input<typeof countEventsByOptionsSchema>;

export interface EventCount {
  readonly type: string;
  /** When the bucket begins, ms since 1970. */
  readonly time: number;
  readonly count: number;
}

export interface CountEventsByContext extends CountContext {
  readonly source: Pick<EventSource, 'hour' | 'load'>;
  /** ms that a count may take unless its own budget says otherwise. */
  readonly budgetMs: number;
}

/**
 * How many events of a type there are in each minute, hour or day; without a type, of each type that has any. Exact, also
 * when jobs were repeated. A bucket without events counts 0; what lies outside of the range is not counted.
 *
 * Whole hours come from the counts that the store keeps of them. Where buckets or the range cut an hour, the times of its
 * events are read, and nothing else of them; where there is a filter, its columns.
 *
 * For whoever may not identify anybody, counts of 1 to 10 are left out.
 *
 * @throws ValidationError with every bad option, or for a range of more than 100,000 counts; BudgetError; KeyError when a
 *   chunk does not open; whatever Redis answers otherwise
 */
export async function countEventsBy(given: CountEventsByOptions, context: CountEventsByContext): Promise<EventCount[]> {
  const { options, filter } = parseEventQuery(countEventsByOptionsSchema, given, context);
  const { type, interval, startTime = -Infinity, endTime = Infinity, timezone, budget = {} } = options;
  for (const user of filter?.users ?? []) context.trace?.see(user);
  const stored = type === undefined ? await shownTypes(context) : [type];
  const found = await Promise.all(stored.map(async (name) => keptHours(name, startTime, endTime, context)));
  const asked = type === undefined ? found.filter(({ hours }) => hours.size > 0) : found;

  const hours = asked.flatMap((one) => [...one.hours.keys()]);
  const lower = startTime === -Infinity ? least(hours) * HOUR_MS : least(asked.map((one) => one.lower));
  const upper = endTime === Infinity ? (greatest(hours) + 1) * HOUR_MS - 1 : Math.min(endTime, LAST_TIME);
  if (!(lower <= upper)) return [];
  const edges = countEdges(interval, lower, upper, timezone, Math.floor(MOST_COUNTS / asked.length));
  if (edges === undefined) throw tooMany();

  const tally: Tally = { source: context.source, predicate: filter?.predicate, budget: new Budget(budget, context.budgetMs), breath: new Breath() };
  const tallied = [];
  for (const one of asked) tallied.push({ type: one.type, counts: await countsOf(one, new CountBuckets(edges, one.lower, upper), tally) });
  const [first, last] = bounds(tallied, startTime === -Infinity, endTime === Infinity, edges.length - 1);
  return tallied
    .filter(({ counts }) => type !== undefined || counts.some((count) => count > 0))
    .flatMap(({ type: name, counts }) =>
      Array.from(counts.subarray(first, last + 1), (count, place) => ({ type: name, time: edges[first + place]!, count })),
    )
    .filter(({ count }) => mayTell(count, context.view));
}

interface KeptHours {
  readonly type: string;
  /** ms; events before it are not shown. */
  readonly lower: number;
  /** UTC hour → events stored in it. */
  readonly hours: ReadonlyMap<number, number>;
}

async function keptHours(type: string, startTime: number, endTime: number, context: CountContext): Promise<KeptHours> {
  const lower = Math.max(0, startTime, context.oldestKept(type));
  const hours = new Map<number, number>();
  for (const [hour, count] of await context.hourCounts(type)) {
    if (count > 0 && hour * HOUR_MS <= endTime && (hour + 1) * HOUR_MS - 1 >= lower) hours.set(hour, count);
  }
  return { type, lower, hours };
}

async function countsOf({ type, hours }: KeptHours, buckets: CountBuckets, tally: Tally): Promise<Float64Array> {
  const cut: number[] = [];
  for (const [hour, count] of hours) {
    const bucket = tally.predicate === undefined ? buckets.bucketOf(hour * HOUR_MS, (hour + 1) * HOUR_MS - 1) : undefined;
    if (bucket === undefined) cut.push(hour);
    else buckets.add(bucket, count);
  }
  for (let from = 0; from < cut.length; from += HOURS_AT_ONCE) {
    await Promise.all(cut.slice(from, from + HOURS_AT_ONCE).map(async (hour) => tallyHour(tally, type, hour, buckets)));
  }
  return buckets.counts;
}

/** The first and the last bucket of the answer: where an end of the range was left open, one that holds an event. */
function bounds(tallied: readonly { readonly counts: Float64Array }[], isOpenBefore: boolean, isOpenAfter: boolean, buckets: number): [number, number] {
  const isEmpty = (bucket: number): boolean => tallied.every(({ counts }) => counts[bucket] === 0);
  let first = 0;
  let last = buckets - 1;
  if (isOpenBefore) while (first <= last && isEmpty(first)) first += 1;
  if (isOpenAfter) while (last >= first && isEmpty(last)) last -= 1;
  return [first, last];
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((one, other) => Math.min(one, other), Infinity);
}

function greatest(numbers: readonly number[]): number {
  return numbers.reduce((one, other) => Math.max(one, other), -Infinity);
}

function tooMany(): ValidationError {
  return new ValidationError('query of events', [
    { path: 'startTime', given: 'a range of too many counts', allowed: `a range of at most ${MOST_COUNTS} counts; without a type, of all types together` },
  ]);
}
