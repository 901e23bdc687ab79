import type { Queue } from 'bullmq';

/**
 * What became of the job that a schedule comes to next: 'unknown' where there is none.
 * @param next when it is due, ms since 1970: BullMQ names the job of a scheduler by that
 */
export async function nextJobState(queue: Queue, id: string, next: number): Promise<Awaited<ReturnType<Queue['getJobState']>>> {
  return queue.getJobState(`repeat:${id}:${next}`);
}
