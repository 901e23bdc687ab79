import type { RedisClient } from '../../redis/RedisClient.js';
import type { SeriesKeys } from '../../redis/keys.js';
import type { CellField } from '../files/Cell.js';

/** What a series' counts say of an hour. */
export interface HourCounts {
  readonly rows?: number;
  readonly small?: number;
  readonly swaps?: number;
  readonly rolledUp?: number;
}

export interface SeriesCounts {
  readonly hours: ReadonlyMap<number, HourCounts>;
  /** The others: the last offset, what was left out, how often series came and went. The feed's epoch is left out. */
  readonly rest: readonly CellField[];
}

/** Fields looked at in one step: about 0.2 ms of Redis. */
const STEP = 1000;
const names = { '': 'rows', s: 'small', m: 'swaps', r: 'rolledUp' } as const;

/** A hash of years of hours is read in steps. */
export async function readCounts(redis: RedisClient, { counts }: SeriesKeys): Promise<SeriesCounts> {
  const hours = new Map<number, { -readonly [Name in keyof HourCounts]: HourCounts[Name] }>();
  const rest: CellField[] = [];
  let cursor = '0';
  do {
    const [next, fields] = await redis.hscanBuffer(counts, cursor, 'COUNT', STEP);
    for (let place = 0; place < fields.length; place += 2) {
      const [name, value] = [fields[place]!, fields[place + 1]!]; // fields and values by turns
      const match = /^([smr]?)(-?\d+)$/.exec(name.toString('latin1'));
      if (match === null) {
        if (name.toString('latin1') !== 'epoch') rest.push([name, value]);
        continue;
      }
      const hour = Number(match[2]);
      const known = hours.get(hour) ?? {};
      known[names[match[1] as keyof typeof names]] = Number(value.toString()); // the expression lets only these through
      hours.set(hour, known);
    }
    cursor = next.toString();
  } while (cursor !== '0');
  return { hours, rest };
}

/** An hour whose stamp is the same holds the same chunks: a new one adds rows, a merge and an erasure count as swaps. */
export function stampOf({ rows, small, swaps, rolledUp }: HourCounts): string {
  return [rows, small, swaps, rolledUp].map((value) => value ?? '').join('|');
}
