import { z } from 'zod';

import { HOUR_MS } from '../../codec/hours.js';
import { ValidationError } from '../../errors/ValidationError.js';
import type { DaysOfTypes, UserCountReader } from '../../storage/UserCountReader.js';
import { mayTell } from '../events/EventView.js';
import { parseEventQuery } from '../events/parseEventQuery.js';
import { shownTypes, type CountContext } from './CountContext.js';
import { firstDayAfter, firstDayOf, type UserPeriod } from './userPeriods.js';

const DAY_MS = 86_400_000;
const HOURS_OF_DAY = DAY_MS / HOUR_MS;
/** Periods of one answer: a century of days. */
const MOST_PERIODS = 36_525;

export const countUsersOptionsSchema = z.strictObject({
  /** Default: users of all types, each counted once. */
  type: z.string().optional(),
  period: z.enum(['day', 'week', 'month']),
  /** ms since 1970. The period that it lies in is the first, and counted whole. Default: from the oldest event that is kept. */
  startTime: z.number().optional(),
  /** ms since 1970. The period that it lies in is the last, and counted whole. Default: to the newest event. */
  endTime: z.number().optional(),
});

/** What `countUsers` takes. */
export type CountUsersOptions = z.input<typeof countUsersOptionsSchema>;

export interface UserCount {
  /** When the period begins, ms since 1970, UTC. */
  readonly time: number;
  readonly users: number;
}

export interface CountUsersContext extends CountContext {
  readonly users: UserCountReader;
}

/**
 * How many different users there were in each UTC day, ISO week or month, of one type or over all.
 *
 * An estimate by HyperLogLog with a standard error of 0.81 %: of 10,000 users it is off by less than 81 two times in three,
 * and by less than 243 but for one in 370. It holds keyed hashes and can only grow, so a user who is erased stays in the
 * counts of the days on which they were seen, as a number nobody can tell from another.
 *
 * @throws ValidationError with every bad option; whatever Redis answers otherwise
 */
export async function countUsers(given: CountUsersOptions, context: CountUsersContext): Promise<UserCount[]> {
  const { type, period, startTime, endTime } = parseEventQuery(countUsersOptionsSchema, given, context).options;
  const types = type === undefined ? await shownTypes(context) : [type];
  const daysOf = new Map(await Promise.all(types.map(async (name) => [name, await keptDays(name, context)] as const)));

  const all = [...daysOf.values()].flat();
  const oldest = Math.max(0, types.reduce((least, name) => Math.min(least, context.oldestKept(name)), Infinity));
  const first = startTime === undefined ? least(all) : Math.floor(Math.max(startTime, oldest) / DAY_MS);
  const last = endTime === undefined ? greatest(all) : Math.floor(endTime / DAY_MS);
  if (!(first <= last)) return [];
  const starts = periodsOf(period, first, last);

  const groups = groupByPeriod(period, starts, daysOf);
  const counts = await context.users.count(groups);
  return starts.map((start, place) => ({ time: start * DAY_MS, users: counts[place]! })).filter(({ users }) => mayTell(users, context.view));
}

/** The UTC days of the type that hold events which are not all expired. */
async function keptDays(type: string, context: CountContext): Promise<number[]> {
  const oldest = context.oldestKept(type);
  const days = new Set<number>();
  for (const [hour, count] of await context.hourCounts(type)) {
    if (count > 0 && (hour + 1) * HOUR_MS > oldest) days.add(Math.floor(hour / HOURS_OF_DAY));
  }
  return [...days];
}

/** The first days of the periods from one day to another. */
function periodsOf(period: UserPeriod, first: number, last: number): number[] {
  const starts: number[] = [];
  for (let start = firstDayOf(period, first); start <= last; start = firstDayAfter(period, start)) {
    if (starts.length === MOST_PERIODS) {
      throw new ValidationError('query of events', [
        { path: 'startTime', given: 'a range of too many periods', allowed: `a range of at most ${MOST_PERIODS} days, weeks or months` },
      ]);
    }
    starts.push(start);
  }
  return starts;
}

function groupByPeriod(period: UserPeriod, starts: readonly number[], daysOf: DaysOfTypes): DaysOfTypes[] {
  const groups = new Map(starts.map((start) => [start, new Map<string, number[]>()]));
  for (const [type, days] of daysOf) {
    for (const day of days) {
      const group = groups.get(firstDayOf(period, day));
      const known = group?.get(type);
      if (known === undefined) group?.set(type, [day]);
      else known.push(day);
    }
  }
  return [...groups.values()];
}

function least(days: readonly number[]): number {
  return days.reduce((one, other) => Math.min(one, other), Infinity);
}

function greatest(days: readonly number[]): number {
  return days.reduce((one, other) => Math.max(one, other), -Infinity);
}
