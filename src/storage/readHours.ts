import { HOUR_MS, hourOf } from '../codec/hours.js';
import type { SeriesKeys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { decodeIndexEntry, type ChunkIndexEntry } from './ChunkIndexEntry.js';
import { readHour } from './readHour.js';

/** The index entries of one UTC hour, all of one moment: each row is in exactly one of them. */
export interface HourEntries {
  readonly hour: number;
  readonly entries: readonly ChunkIndexEntry[];
}

/** Entries of one page: 0.8 ms of Redis. */
const PAGE = 2000;

/**
 * The hours of a range that hold chunks, oldest first. An hour that one page shows the whole of is taken from it, so that
 * a year of merged hours is a few round trips; one that a page cuts is read by itself.
 *
 * @param range least and greatest time of the hours, ms; may be infinite
 */
export async function* readHours(redis: RedisClient, keys: SeriesKeys, range: { readonly lower: number; readonly upper: number }): AsyncGenerator<HourEntries> {
  const from = range.lower === -Infinity ? '-inf' : hourOf(range.lower) * HOUR_MS;
  const to = range.upper === Infinity ? '+inf' : (hourOf(range.upper) + 1) * HOUR_MS - 1;
  for (let next: string | number = from; ; ) {
    const reply: Buffer[] = await redis.zrangebyscoreBuffer(keys.time, next, to, 'WITHSCORES', 'LIMIT', 0, PAGE);
    const hours = groupByHour(reply);
    const isLast = reply.length < PAGE * 2;
    const cut = isLast ? undefined : hours.pop();
    yield* hours;
    if (cut === undefined) return;
    if (hours.length === 0) {
      yield { hour: cut.hour, entries: await readHour(redis, keys, cut.hour) };
      next = (cut.hour + 1) * HOUR_MS;
    } else next = cut.hour * HOUR_MS;
  }
}

function groupByHour(reply: readonly Buffer[]): HourEntries[] {
  const hours: { hour: number; entries: ChunkIndexEntry[] }[] = [];
  for (let place = 0; place < reply.length; place += 2) {
    const entry = decodeIndexEntry(reply[place]!, Number(reply[place + 1]!.toString()));
    if (hours.at(-1)?.hour !== entry.hour) hours.push({ hour: entry.hour, entries: [] });
    hours.at(-1)!.entries.push(entry); // there is one now
  }
  return hours;
}
