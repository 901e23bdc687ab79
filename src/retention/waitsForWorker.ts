import type { Queue } from 'bullmq';

import { nextJobState } from './nextJobState.js';

/**
 * Whether the next job of a schedule is due and has only to be taken up. Nothing can be mended then, and to begin anew in the
 * moment in which a worker takes it would run it twice.
 */
export async function waitsForWorker(queue: Queue, id: string): Promise<boolean> {
  const next = (await queue.getJobScheduler(id))?.next;
  return next !== undefined && ['waiting', 'prioritized'].includes(await nextJobState(queue, id, next));
}
