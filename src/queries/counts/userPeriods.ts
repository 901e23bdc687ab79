const DAY_MS = 86_400_000;
/** 1 January 1970 was a Thursday: so many days after a Monday. */
const DAYS_SINCE_MONDAY = 3;

/** A UTC day, an ISO week (Monday to Sunday) or a month of the UTC calendar. */
export type UserPeriod = 'day' | 'week' | 'month';

/** The first day of the period that a UTC day (days since 1970) lies in. */
export function firstDayOf(period: UserPeriod, day: number): number {
  if (period === 'day') return day;
  if (period === 'week') return Math.floor((day + DAYS_SINCE_MONDAY) / 7) * 7 - DAYS_SINCE_MONDAY;
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY_MS;
}

/** The first day of the period after the one that begins on this day. */
export function firstDayAfter(period: UserPeriod, firstDay: number): number {
  if (period === 'day') return firstDay + 1;
  if (period === 'week') return firstDay + 7;
  const date = new Date(firstDay * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY_MS;
}
