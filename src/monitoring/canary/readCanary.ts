import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';

/** How long a part of the way took, ms, over the canaries of the last 10 minutes. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface CanaryReading {
  /** By the clock of Redis, ms; as all of these. */
  readonly now: number;
  /** When a sender last looked whether one was to be sent. */
  readonly turnAt: number | undefined;
  /** When the first was sent of those that none was stored after. */
  readonly waitingSince: number | undefined;
  /** When the newest one that is stored was sent. */
  readonly storedSentAt: number | undefined;
  /** From being sent to being taken, stored, and seen in the feed. */
  readonly wait: Percentiles | null;
  readonly store: Percentiles | null;
  readonly feed: Percentiles | null;
}

export async function readCanary(redis: RedisClient, keys: Keys): Promise<CanaryReading> {
  const [[seconds, microseconds], fields] = await Promise.all([redis.time(), redis.hgetall(keys.canary)]);
  const time = (text: string | undefined) => (text === undefined || !/^\d+$/.test(text) ? undefined : Number(text));
  return {
    now: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000),
    turnAt: time(fields['turnAt']),
    waitingSince: time(fields['since']),
    storedSentAt: time(fields['stored']),
    wait: percentilesOf(fields['wait']),
    store: percentilesOf(fields['store']),
    feed: percentilesOf(fields['feed']),
  };
}

/** @param list numbers with commas between */
export function percentilesOf(list: string | undefined): Percentiles | null {
  const readings = (list ?? '').split(',').filter((text) => /^\d+$/.test(text)).map(Number).toSorted((a, b) => a - b);
  if (readings.length === 0) return null;
  // The smallest that at least this share is not above.
  const at = (share: number) => readings[Math.ceil(share * readings.length) - 1]!;
  return { count: readings.length, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
