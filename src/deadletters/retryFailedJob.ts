import { Job, type Queue } from 'bullmq';

import type { RedisClient } from '../redis/RedisClient.js';
import { script } from '../redis/Script.js';

/** BullMQ's code for a job that is gone, and for one that is not in the state that it should be in. */
const NOT_FAILED = new Set([-1, -3]);

/**
 * Puts a failed job back behind the waiting ones of its priority, as if it had just been added. `queue.retryJobs()` would put
 * it before them all, with its attempts used up; and BullMQ resets what it counts of attempts, but not of stalls: a job that
 * was given up for 51 of them would be given up again at the next.
 *
 * What the job carries is not read: a thousand of them would be hundreds of megabytes.
 *
 * @returns whether it was among the failed ones
 */
export async function retryFailedJob(redis: RedisClient, queue: Queue, id: string): Promise<boolean> {
  const job = new Job(queue, 'batch', {}, {}, id);
  // Before it waits: afterwards a worker may have begun to count again.
  const isFailed = await script('renewFailedJob').run(redis, { keys: [queue.toKey('failed'), queue.toKey(id)], args: [id] });
  if (isFailed !== 1) return false;
  try {
    await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && NOT_FAILED.has(Number(error.code))) return false;
    throw error;
  }
}
