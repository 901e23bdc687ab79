import { SEEN_BUCKETS } from '../redis/keys.js';
import type { CleanupRun } from './CleanupRun.js';
import { runStep } from './runStep.js';

const DAY_MS = 86_400_000;
/** Fields looked at in one step: about 0.5 ms of Redis. A small hash is looked at whole, which is less. */
const STEP = 500;

/**
 * Removes what a type remembers of ids whose events are all expired: those stored more than the retention and a day ago,
 * since an event's time may lie a day ahead of its storing. Marks carry days only, so each type is gone through once a
 * day: with 100 million ids that is half a minute of Redis in small steps, too much for every hour.
 */
export async function removeSeenMarks(run: CleanupRun, type: string, retentionDays: number): Promise<number> {
  const { redis, keys } = run;
  const firstKeptDay = Math.floor(run.now / DAY_MS) - retentionDays - 1;
  const doneField = `seen:${type}`;
  if (Number((await redis.hget(keys.cleanupStatus, doneField)) ?? 0) >= firstKeptDay) return 0;

  let removed = 0;
  for (let bucket = 0; bucket < SEEN_BUCKETS; bucket += 1) {
    let cursor = 0;
    do {
      run.throwIfAborted();
      const [next = 0, marks = 0] =
        (await runStep(redis, 'removeSeenMarks', { keys: [keys.event(type).seen(bucket)], args: [firstKeptDay, cursor, STEP] })) ?? [];
      removed += marks;
      cursor = next;
    } while (cursor !== 0);
  }
  await redis.hset(keys.cleanupStatus, doneField, firstKeptDay);
  return removed;
}
