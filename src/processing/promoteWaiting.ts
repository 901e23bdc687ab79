import type { RedisClient } from '../redis/RedisClient.js';
import { script } from '../redis/Script.js';

/**
 * BullMQ's priorities are strict: under a steady load of HIGH nothing of LOW would ever run. So a job that has waited 30 s
 * is put before all, 4 jobs each 250 ms over all workers: 16 jobs a second, 1,600 events at the usual batch size, whatever
 * else there is. A CRITICAL one that comes just then waits for these four, some 10 ms.
 */
export const promotion = { afterMs: 30_000, jobs: 4, everyMs: 250 } as const;

export interface PromoteWaitingOptions {
  readonly redis: RedisClient;
  /** The key of the queue that this name belongs to. */
  readonly toKey: (name: string) => string;
}

/** Puts some forward, unless that was done a moment ago. @returns how many */
export async function promoteWaiting({ redis, toKey }: PromoteWaitingOptions): Promise<number> {
  const reply = await script('promoteWaiting').run(redis, {
    keys: ['prioritized', 'pc', 'promoted'].map(toKey),
    // A little less than the interval: the guard of the last time should be gone.
    args: [toKey(''), promotion.afterMs, promotion.jobs, promotion.everyMs - 10],
  });
  return Number(reply);
}
