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
  readonly onError: (error: Error) => void;
}

/** Puts some forward, unless that was done a moment ago. @returns how many */
export async function promoteWaiting({ redis, toKey }: Omit<PromoteWaitingOptions, 'onError'>): Promise<number> {
  const reply = await script('promoteWaiting').run(redis, {
    keys: ['prioritized', 'pc', 'promoted'].map(toKey),
    // A little less than the interval: the guard of the last time should be gone.
    args: [toKey(''), promotion.afterMs, promotion.jobs, promotion.everyMs - 10],
  });
  return Number(reply);
}

/** Goes on until the function that it returns is called. */
export function startPromoting({ redis, toKey, onError }: PromoteWaitingOptions): () => void {
  let isRunning = false;
  const promote = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    try {
      await promoteWaiting({ redis, toKey });
    } catch (error) {
      onError(error instanceof Error ? error : new Error('a value that is no error was thrown'));
    } finally {
      isRunning = false;
    }
  };
  const timer = setInterval(() => void promote(), promotion.everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
