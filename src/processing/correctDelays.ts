import type { RedisClient } from '../redis/RedisClient.js';
import { script } from '../redis/Script.js';

/**
 * BullMQ puts a job off by the clock of the worker at which it failed: one that is an hour ahead put its retries off by an
 * hour, and no other worker took them. And it takes it up by the clock of the worker that looks: where that was set back by an hour
 * meanwhile, and no other worker ran, the retry came an hour late. A clock that differs by less than a second does no harm.
 */
export const correction = { differsMs: 1000, jobs: 100, everyMs: 500 } as const;

export interface CorrectDelaysOptions {
  readonly redis: RedisClient;
  /** The key of the queue that this name belongs to. */
  readonly toKey: (name: string) => string;
}

/** Brings forward what was put off by a clock that is ahead, and what a clock that is behind would leave. @returns how many jobs */
export async function correctDelays({ redis, toKey }: CorrectDelaysOptions): Promise<number> {
  const keys = ['delayed', 'marker'].map(toKey);
  return Number(await script('correctDelays').run(redis, { keys, args: [toKey(''), correction.differsMs, correction.jobs] }));
}
