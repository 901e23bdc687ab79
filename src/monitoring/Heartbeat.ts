import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { ownRelease } from './release.js';

/** Missing for this long, a process counts as gone: its heartbeat expires. */
export const HEARTBEAT_TTL_MS = 15_000;
const BEAT_INTERVAL_MS = 2000;
/** Rates are taken over this many beats (10 s): shorter jumps about, longer hides that something stopped. */
const BEATS_OF_RATE = 5;
const CLOSE_MS = 1000;

export interface Heartbeat {
  /** Publishes the first beat and goes on. Safe to call twice. */
  start(): Promise<void>;
  /** Takes the heartbeat away, at most 1 s. Safe to call twice. */
  close(): Promise<void>;
}

export interface HeartbeatOptions {
  /** A connection of the caller's; it stays open. */
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** `processing`, `broadcasting`, `scheduling`, `board` or `http`. */
  readonly role: string;
  /** Read at each beat; see `ProcessingFigures` and `BroadcastingFigures` for the names. */
  readonly figures: () => object;
  /** Default: 2,000 ms. */
  readonly intervalMs?: number;
}

interface Sample {
  readonly at: number;
  /** As JSON, since the caller may go on counting in the same object. */
  readonly figures: string;
}

/**
 * Tells the others that a role of this process is alive, and how it fares. A beat that cannot be written is left out: its
 * absence is what it would have said.
 */
export function createHeartbeat({ redis, keys, role, figures, intervalMs = BEAT_INTERVAL_MS }: HeartbeatOptions): Heartbeat {
  const id = `${role}-${randomBytes(6).toString('hex')}`;
  const key = keys.heartbeat(id);
  const startedAt = Date.now();
  const { version, bullmq, formats } = ownRelease();
  const release = { version, bullmq, formats: JSON.stringify(formats) };
  const samples: Sample[] = [];
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> | undefined;
  let closed = false;

  const publish = async (now: Sample, before: Sample): Promise<void> => {
    const { rss, heapUsed } = process.memoryUsage();
    await redis
      .multi()
      .hset(key, {
        role,
        host: hostname(),
        pid: process.pid,
        startedAt,
        ...release,
        rss,
        heapUsed,
        figures: now.figures,
        before: before.figures,
        spanMs: Math.round(now.at - before.at),
      })
      .pexpire(key, HEARTBEAT_TTL_MS)
      .exec();
    await redis.sadd(keys.heartbeats, id);
  };

  // One at a time: beats would pile up in the memory of a process whose Redis is away.
  const beat = async (): Promise<void> => {
    const now: Sample = { at: performance.now(), figures: JSON.stringify(figures()) };
    samples.push(now);
    if (samples.length > BEATS_OF_RATE + 1) samples.shift();
    beating ??= publish(now, samples[0]!) // one was pushed
      .catch(() => undefined)
      .finally(() => {
        beating = undefined;
      });
    await beating;
  };

  return {
    async start() {
      if (timer !== undefined || closed) return;
      timer = setInterval(() => void beat(), intervalMs);
      timer.unref();
      await within(beat(), CLOSE_MS);
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      const leave = async (): Promise<void> => {
        await beating;
        await redis.del(key);
        await redis.srem(keys.heartbeats, id);
      };
      await within(leave().catch(() => undefined), CLOSE_MS);
    },
  };
}

async function within(work: Promise<void>, mostMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, mostMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
