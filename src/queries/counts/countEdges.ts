import { IANAZone } from 'luxon';

import { HOUR_MS } from '../../codec/hours.js';
import { bucketEdges } from '../../insights/aggregation/interval.js';

/** What events are counted by. */
export type CountInterval = 'minute' | 'hour' | 'day';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const INTERVAL_MS = { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS } as const;

/**
 * The edges of the buckets that hold `start` to `end` (ms, both included): each bucket begins at its edge and ends before
 * the next. Days and hours are those of the time zone: days have 23 or 25 hours where its clocks change, and hours begin
 * at a quarter or half of the hour in UTC where its offset does.
 *
 * @returns undefined where there would be more than `most` buckets
 */
export function countEdges(interval: CountInterval, start: number, end: number, timeZone: string, most: number): Float64Array | undefined {
  if (interval === 'minute' || timeZone === 'UTC') return bucketEdges({ kind: 'fixed', ms: INTERVAL_MS[interval] }, start, end, timeZone, most);
  if (interval === 'hour') return hourEdges(start, end, timeZone, most);
  return bucketEdges({ kind: 'calendar', unit: 'day', count: 1 }, start, end, timeZone, most);
}

function hourEdges(start: number, end: number, timeZone: string, most: number): Float64Array | undefined {
  if ((end - start) / HOUR_MS > most) return undefined;
  const zone = IANAZone.create(timeZone);
  const offsetAt = (time: number): number => zone.offset(time) * MINUTE_MS;
  let offset = offsetAt(start);
  /** Up to where the offset is known to stay: asking for it takes 5 µs. */
  let same = start;
  const edges = [Math.floor((start + offset) / HOUR_MS) * HOUR_MS - offset];
  for (let edge = edges[0]!; edge <= end; ) {
    if (edge >= same) {
      offset = offsetAt(edge);
      // No zone changes its clocks twice within a day.
      same = offsetAt(edge + DAY_MS) === offset ? edge + DAY_MS : edge + HOUR_MS;
    }
    // Clocks that went on by half an hour make an hour of half the length.
    edge = (Math.floor((edge + offset) / HOUR_MS) + 1) * HOUR_MS - offset;
    edges.push(edge);
    if (edges.length > most + 1) return undefined;
  }
  return Float64Array.from(edges);
}
