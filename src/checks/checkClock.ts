import type { RedisClient } from '../redis/RedisClient.js';
import type { Finding } from './Finding.js';

const WARN_MS = 1000;
const REFUSE_MS = 3_600_000;

/**
 * Compares this machine's clock with that of Redis: by the one events are stamped, kept and removed, by the other locks
 * and heartbeats expire.
 */
export async function checkClock(redis: RedisClient, now: () => number = Date.now): Promise<Finding[]> {
  const before = now();
  const [seconds, microseconds] = await redis.time();
  const after = now();
  const theirs = Number(seconds) * 1000 + Number(microseconds) / 1000;
  // Redis looked at its clock somewhere between; what the way took is no skew.
  const skewMs = theirs < before ? before - theirs : Math.max(0, theirs - after);
  if (skewMs > REFUSE_MS) {
    return [{ kind: 'refuse', sentence: `The clocks of this machine and of Redis differ by ${(skewMs / 3_600_000).toFixed(1)} hours: events would be stored at wrong times, and removed so. Set both by NTP.` }];
  }
  if (skewMs > WARN_MS) return [{ kind: 'warn', sentence: `The clocks of this machine and of Redis differ by ${(skewMs / 1000).toFixed(1)} seconds. Set both by NTP.` }];
  return [];
}
