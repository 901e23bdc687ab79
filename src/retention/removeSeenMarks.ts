import { SEEN_RECORD_BYTES } from '../storage/seenBucket.js';
import type { CleanupRun } from './CleanupRun.js';
import { runStep } from './runStep.js';

const DAY_MS = 86_400_000;
/** Buckets looked at in one step: about 600 marks, 0.3 ms of Redis. */
const STEP = 32;
/** Buckets are joined once they hold fewer marks than this on average, until they hold as many as after a split. */
const SPARSE = 8;
const JOINED = 16;
const JOIN_STEP = 64;

/** An event's time may lie a day ahead of its producer's clock, and that a day ahead of the worker's. */
const AHEAD_DAYS = 2;

/**
 * Removes what a type remembers of ids whose events are all expired: those stored more than the retention and two days ago. Marks carry days only, so each type is gone through once a
 * day: with 100 million ids that is a minute of Redis in small steps, too much for every hour.
 */
export async function removeSeenMarks(run: CleanupRun, type: string, retentionDays: number): Promise<number> {
  const { redis, keys } = run;
  const firstKeptDay = Math.floor(run.now / DAY_MS) - retentionDays - AHEAD_DAYS;
  const doneField = `seen:${type}`;
  if (Number((await redis.hget(keys.cleanupStatus, doneField)) ?? 0) >= firstKeptDay) return 0;

  const { seen, batches } = keys.event(type);
  const removed =
    (await removeRecords(run, seen, SEEN_RECORD_BYTES.event, firstKeptDay)) + (await removeRecords(run, batches, SEEN_RECORD_BYTES.batch, firstKeptDay));
  await redis.hset(keys.cleanupStatus, doneField, firstKeptDay);
  return removed;
}

async function removeRecords(run: CleanupRun, key: string, recordBytes: number, firstKeptDay: number): Promise<number> {
  let removed = 0;
  let left = 0;
  let buckets = 0;
  let from = 0;
  do {
    run.throwIfAborted();
    const [next = 0, gone = 0, kept = 0] =
      (await runStep(run.redis, 'removeSeenMarks', { keys: [key], args: [recordBytes, firstKeptDay, from, STEP] })) ?? [];
    removed += gone;
    left += kept;
    buckets += STEP;
    from = next;
  } while (from !== 0);
  if (removed > 0 && left < buckets * SPARSE) await joinBuckets(run, key, Math.ceil(left / JOINED));
  return removed;
}

async function joinBuckets(run: CleanupRun, key: string, enough: number): Promise<void> {
  let buckets = Infinity;
  while (buckets > Math.max(enough, 1)) {
    run.throwIfAborted();
    const [now = 0] = (await runStep(run.redis, 'joinSeenBuckets', { keys: [key], args: [enough, JOIN_STEP] })) ?? [];
    // Writers split meanwhile, so it may never get there.
    if (now >= buckets) return;
    buckets = now;
  }
}
