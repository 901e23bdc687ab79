import type { CleanupRun } from './CleanupRun.js';
import { runStep } from './runStep.js';

/** Fields looked at in one step: about 0.5 ms of Redis. A small hash is looked at whole, which is less. */
const STEP = 500;

export interface ExpiredTags {
  /** Key of the tag sets, and of the metric's counts. */
  readonly tags: string;
  readonly counts: string;
  /** Key of where they are kept as long as rollups tell of them; absent where they are removed. */
  readonly past?: string | undefined;
  /** UTC hour: series whose latest sample lies before it. */
  readonly firstKept: number;
}

/**
 * Takes away the tags of series that have no samples left. Without this a metric with ever new tag values would keep the
 * tags of all of them, and have no room for others.
 */
export async function removeExpiredTags(run: CleanupRun, { tags, counts, past, firstKept }: ExpiredTags): Promise<number> {
  let removed = 0;
  let cursor = 0;
  do {
    run.throwIfAborted();
    const keys = [tags, counts, ...(past === undefined ? [] : [past])];
    const [next = 0, sets = 0] = (await runStep(run.redis, 'removeExpiredTags', { keys, args: [firstKept, cursor, STEP] })) ?? [];
    removed += sets;
    cursor = next;
  } while (cursor !== 0);
  return removed;
}
