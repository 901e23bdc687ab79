import { hourOf } from '../codec/hours.js';
import type { CleanupRun } from './CleanupRun.js';
import { runStep } from './runStep.js';

/** Fields looked at in one step: about 0.5 ms of Redis. A small hash is looked at whole, which is less. */
const STEP = 500;

/**
 * Removes the tags of series that have no samples left: those whose latest one lies in an hour that is wholly expired.
 * Without this a metric with ever new tag values would keep the tags of all of them.
 */
export async function removeExpiredTags(run: CleanupRun, name: string, oldestKept: number): Promise<number> {
  const { tags } = run.keys.metric(name);
  let removed = 0;
  let cursor = 0;
  do {
    run.throwIfAborted();
    const [next = 0, sets = 0] = (await runStep(run.redis, 'removeExpiredTags', { keys: [tags], args: [hourOf(oldestKept), cursor, STEP] })) ?? [];
    removed += sets;
    cursor = next;
  } while (cursor !== 0);
  return removed;
}
