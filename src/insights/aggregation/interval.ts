import { DateTime, IANAZone } from 'luxon';

/** How time is cut into buckets. */
export type Interval =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'calendar'; readonly unit: 'day' | 'week' | 'month'; readonly count: number };

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };
const CALENDAR_UNITS: Readonly<Record<string, 'day' | 'week' | 'month'>> = { d: 'day', w: 'week', M: 'month' };
const MOST_MS = 366 * 86_400_000;
const MOST_COUNT = 366;

/** What may stand for an interval, in words. */
export const INTERVALS_ALLOWED = "whole ms from 1, or a number and a unit such as '10s', '5m', '1h', '1d', '1w', '1M'; at most a year or 366 units of a calendar";

/** @returns undefined for what is no interval */
export function parseInterval(given: number | string): Interval | undefined {
  if (typeof given === 'number') return fixed(given);
  const match = /^([1-9]\d{0,8})([smhdwM])$/.exec(given);
  if (match === null) return undefined;
  const count = Number(match[1]);
  const unit = match[2]!; // the pattern has it
  const calendarUnit = CALENDAR_UNITS[unit];
  if (calendarUnit === undefined) return fixed(count * UNIT_MS[unit]!); // the pattern allows these and those above
  return count <= MOST_COUNT ? { kind: 'calendar', unit: calendarUnit, count } : undefined;
}

function fixed(ms: number): Interval | undefined {
  return Number.isInteger(ms) && ms >= 1 && ms <= MOST_MS ? { kind: 'fixed', ms } : undefined;
}

/** Whether this is a name of the IANA time zone database, such as `Europe/Berlin`, or `UTC`. */
export function isTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

/**
 * The edges of the buckets that hold `start` to `end` (ms, both included): each bucket begins at its edge and ends before
 * the next, so there is one edge more than buckets.
 *
 * Fixed intervals count from 1970 in UTC. Days, weeks (from Monday) and months are those of the time zone's calendar,
 * whose days may have 23 or 25 hours; several of them at once count from 1970 too.
 *
 * @returns undefined where there would be more than `most` buckets
 */
export function bucketEdges(interval: Interval, start: number, end: number, timeZone: string, most: number): Float64Array | undefined {
  if (interval.kind === 'calendar') return calendarEdges(interval, start, end, timeZone, most);
  const { ms } = interval;
  const first = Math.floor(start / ms);
  const buckets = Math.floor(end / ms) - first + 1;
  if (buckets > most) return undefined;
  return Float64Array.from({ length: buckets + 1 }, (_, place) => (first + place) * ms);
}

type CalendarInterval = Extract<Interval, { kind: 'calendar' }>;

const HOUR_MS = 3_600_000;
const LONGEST_MS = { day: 25 * HOUR_MS, week: (7 * 24 + 1) * HOUR_MS, month: (31 * 24 + 1) * HOUR_MS } as const;

function calendarEdges(interval: CalendarInterval, start: number, end: number, timeZone: string, most: number): Float64Array | undefined {
  // Before thousands of edges are made in vain.
  if ((end - start) / (LONGEST_MS[interval.unit] * interval.count) > most) return undefined;
  let index = unitIndex(interval, start, timeZone);
  while (edgeAt(interval, index, timeZone) > start) index -= 1;
  while (edgeAt(interval, index + 1, timeZone) <= start) index += 1;
  const edges: number[] = [];
  for (let edge = edgeAt(interval, index, timeZone); ; edge = edgeAt(interval, ++index, timeZone)) {
    // A zone that crossed the date line left a day out, whose bucket would begin where the next one does.
    if (edges.length === 0 || edge > edges.at(-1)!) edges.push(edge);
    if (edges.length > most + 1) return undefined;
    if (edge > end) return Float64Array.from(edges);
  }
}

/** Which interval from 1970 the time is in, or the one beside it: changes of clock come in between. */
function unitIndex({ unit, count }: CalendarInterval, time: number, timeZone: string): number {
  const local = DateTime.fromMillis(time, { zone: timeZone });
  if (unit === 'month') return Math.floor(((local.year - 1970) * 12 + local.month - 1) / count);
  const day = Math.floor(Date.UTC(local.year, local.month - 1, local.day) / 86_400_000);
  // 1970 began on a Thursday; the week of the 5th is the first whole one.
  return unit === 'day' ? Math.floor(day / count) : Math.floor((day - 4) / 7 / count);
}

function edgeAt({ unit, count }: CalendarInterval, index: number, timeZone: string): number {
  const date = unit === 'month' ? new Date(Date.UTC(1970, index * count, 1)) : new Date((unit === 'day' ? index * count : 4 + index * count * 7) * 86_400_000);
  const year = date.getUTCFullYear();
  // Where a change of clock leaves midnight out, the day begins with what follows it.
  return DateTime.fromObject({ year, month: date.getUTCMonth() + 1, day: date.getUTCDate() }, { zone: timeZone }).startOf('day').toMillis();
}
