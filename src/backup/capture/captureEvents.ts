import type { EventKeys } from '../../redis/keys.js';
import { pipelineOf } from '../../redis/pipelineOf.js';
import { cellNumber } from '../files/Cell.js';
import type { Capture } from './Capture.js';
import { captureHour, hourKey } from './captureHour.js';
import { captureMarks } from './captureMarks.js';
import { readCounts, stampOf } from './readCounts.js';
import { seriesStart, type SeriesPlace } from './SeriesPlace.js';

const MINUTE_MS = 60_000;
const HOURS_OF_DAY = 24;
const DAYS_AT_ONCE = 100;

/**
 * Takes down an event type. Hours first: offsets, users and marks that are read later are never behind the events.
 * @param marksSince UTC day, since 1970, from which on marks may be new
 * @returns how many marks were taken down, by section
 */
export async function captureEvents(capture: Capture, series: SeriesPlace & { readonly kind: 'events' }, marksSince: number): Promise<Record<string, number>> {
  const { hours } = await readCounts(capture.context.redis, series.keys);
  await captureHours(capture, series, hours);
  await captureUsers(capture, series, [...new Set(Array.from(hours.keys(), (hour) => Math.floor(hour / HOURS_OF_DAY)))]);
  const marks = await captureMarks(capture.context, series, marksSince);
  const { rest } = await readCounts(capture.context.redis, series.keys);
  await capture.putFields(`${seriesStart(series)}counts/${cellNumber(0)}`, rest);
  return marks;
}

/** Takes down the hours that have changed. */
export async function captureHours(capture: Capture, series: SeriesPlace, hours: Awaited<ReturnType<typeof readCounts>>['hours']): Promise<void> {
  for (const [hour, counts] of [...hours].sort(([one], [other]) => one - other)) {
    const known = capture.previous(hourKey(series, hour));
    if (known?.stamp === stampOf(counts)) capture.keep(known);
    else await captureHour(capture, series, hour, counts);
  }
}

/** The distinct users of each day, as Redis counts them: 12 kB a day at most. */
async function captureUsers(capture: Capture, series: { readonly kind: 'events'; readonly name: string; readonly keys: EventKeys }, days: readonly number[]): Promise<void> {
  for (let from = 0; from < days.length; from += DAYS_AT_ONCE) {
    const page = days.slice(from, from + DAYS_AT_ONCE);
    const pipeline = pipelineOf(capture.context.redis);
    for (const day of page) pipeline.getBuffer(series.keys.users(day)).pttl(series.keys.users(day));
    const replies = (await pipeline.exec()) ?? [];
    for (const [error] of replies) if (error) throw error;
    for (const [place, day] of page.entries()) {
      const users = replies[2 * place]![1] as Buffer | null; // what GET answers
      const ttl = replies[2 * place + 1]![1] as number; // what PTTL answers
      if (users === null) continue;
      // To the minute, so that an unchanged day is the same cell.
      const expireAt = ttl < 0 ? 0 : Math.ceil((Date.now() + ttl) / MINUTE_MS) * MINUTE_MS;
      await capture.put(`${seriesStart(series)}users/${cellNumber(day)}`, { fields: [[Buffer.from('hll'), users]], values: { expireAt } });
    }
  }
}
