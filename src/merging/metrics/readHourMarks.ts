import type { MetricKeys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';

/** What the counts of a metric say of its hours. */
export interface HourMarks {
  /** UTC hour → small chunks in it. */
  readonly small: ReadonlyMap<number, number>;
  /** UTC hour → swaps in it so far. */
  readonly swaps: ReadonlyMap<number, number>;
  /** UTC hour → swaps in it when its rollups were made. */
  readonly rolledUp: ReadonlyMap<number, number>;
}

/** Fields looked at in one step: about 0.2 ms of Redis. */
const STEP = 1000;

/** A hash of years of hours is read in steps. */
export async function readHourMarks(redis: RedisClient, { counts }: MetricKeys): Promise<HourMarks> {
  const marks = { s: new Map<number, number>(), m: new Map<number, number>(), r: new Map<number, number>() };
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscan(counts, cursor, 'MATCH', '[smr][0-9]*', 'COUNT', STEP);
    for (let place = 0; place < fields.length; place += 2) {
      const field = fields[place]!;
      marks[field[0] as keyof typeof marks].set(Number(field.slice(1)), Number(fields[place + 1])); // MATCH lets only these through
    }
    cursor = next;
  } while (cursor !== '0');
  return { small: marks.s, swaps: marks.m, rolledUp: marks.r };
}

/** The field that says how many swaps an hour had when its rollups were made. */
export function rolledUpField(hour: number): string {
  return `r${hour}`;
}
