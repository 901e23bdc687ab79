import { z } from 'zod';

import { HOUR_MS } from '../../codec/hours.js';
import { ValidationError } from '../../errors/ValidationError.js';
import { isTimeZone } from '../../insights/aggregation/interval.js';
import type { EventSource } from '../events/EventSource.js';
import { parseOptions } from '../parseOptions.js';
import { CountBuckets } from './CountBuckets.js';
import type { CountContext } from './CountContext.js';
import { countEdges } from './countEdges.js';
import { tallyHour } from './tallyHour.js';

const SUBJECT = 'count of events';
/** Counts in one answer: 69 days of minutes of one type. */
const MOST_COUNTS = 100_000;
/** Hours whose times are read at once. */
const HOURS_AT_ONCE = 8;
/** A year before the last time that a calendar has. */
const LAST_TIME = 8.64e15 - 366 * 24 * HOUR_MS;

const optionsSchema = z.strictObject({
  /** Default: each type by itself. */
  type: z.string().optional(),
  interval: z.enum(['minute', 'hour', 'day']),
  /** ms since 1970, included. Default: from the first bucket that holds an event. */
  startTime: z.number().optional(),
  /** ms since 1970, included. Default: to the last bucket that holds an event. */
  endTime: z.number().optional(),
  /** Whose days and hours, by its name in the IANA database. Default: UTC. */
  timezone: z.string().refine(isTimeZone).default('UTC'),
});

const ALLOWED = {
  type: 'the name of an event type',
  interval: "'minute', 'hour' or 'day'",
  startTime: 'milliseconds since 1970 (a finite number)',
  endTime: 'milliseconds since 1970 (a finite number)',
  timezone: "the name of a time zone, such as 'Europe/Berlin'",
};

/** What `countEventsBy` takes. */
export type CountEventsByOptions = z.input<typeof optionsSchema>;

export interface EventCount {
  readonly type: string;
  /** When the bucket begins, ms since 1970. */
  readonly time: number;
  readonly count: number;
}

export interface CountEventsByContext extends CountContext {
  readonly source: Pick<EventSource, 'hour' | 'load'>;
}

/**
 * How many events of a type there are in each minute, hour or day; without a type, of each type that has any. Exact, also
 * when jobs were repeated. A bucket without events counts 0; what lies outside of the range is not counted.
 *
 * Whole hours come from the counts that the store keeps of them; where buckets or the range cut an hour, the times of its
 * events are read, and nothing else of them.
 *
 * @throws ValidationError with every bad option, or for a range of more than 100,000 counts; KeyError when a chunk does not
 *   open; whatever Redis answers otherwise
 */
export async function countEventsBy(options: CountEventsByOptions, context: CountEventsByContext): Promise<EventCount[]> {
  const { type, interval, startTime = -Infinity, endTime = Infinity, timezone } = parseOptions(SUBJECT, optionsSchema, options, ALLOWED);
  if (type !== undefined && !context.isKnownType(type)) {
    throw new ValidationError(SUBJECT, [{ path: 'type', given: 'an unknown type', allowed: ALLOWED.type }]);
  }
  const stored = type === undefined ? await context.storedTypes() : [type];
  const found = await Promise.all(stored.map(async (name) => keptHours(name, startTime, endTime, context)));
  const asked = type === undefined ? found.filter(({ hours }) => hours.size > 0) : found;

  const hours = asked.flatMap((one) => [...one.hours.keys()]);
  const lower = startTime === -Infinity ? least(hours) * HOUR_MS : least(asked.map((one) => one.lower));
  const upper = endTime === Infinity ? (greatest(hours) + 1) * HOUR_MS - 1 : Math.min(endTime, LAST_TIME);
  if (!(lower <= upper)) return [];
  const edges = countEdges(interval, lower, upper, timezone, Math.floor(MOST_COUNTS / asked.length));
  if (edges === undefined) throw tooMany();

  const tallied = [];
  for (const one of asked) tallied.push({ type: one.type, counts: await tally(one, edges, upper, context) });
  const [first, last] = bounds(tallied, startTime === -Infinity, endTime === Infinity, edges.length - 1);
  return tallied
    .filter(({ counts }) => type !== undefined || counts.some((count) => count > 0))
    .flatMap(({ type: name, counts }) =>
      Array.from(counts.subarray(first, last + 1), (count, place) => ({ type: name, time: edges[first + place]!, count })),
    );
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

async function tally({ type, lower, hours }: KeptHours, edges: Float64Array, upper: number, { source }: CountEventsByContext): Promise<Float64Array> {
  const buckets = new CountBuckets(edges, lower, upper);
  const cut: number[] = [];
  for (const [hour, count] of hours) {
    const bucket = buckets.bucketOf(hour * HOUR_MS, (hour + 1) * HOUR_MS - 1);
    if (bucket === undefined) cut.push(hour);
    else buckets.add(bucket, count);
  }
  for (let from = 0; from < cut.length; from += HOURS_AT_ONCE) {
    await Promise.all(cut.slice(from, from + HOURS_AT_ONCE).map(async (hour) => tallyHour(source, type, hour, buckets)));
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
  return new ValidationError(SUBJECT, [
    { path: 'startTime', given: 'a range of too many counts', allowed: `a range of at most ${MOST_COUNTS} counts; without a type, of all types together` },
  ]);
}
