import type { Queue } from 'bullmq';

import type { Schedule } from '../../queues/schedules.js';

/** A job that missed its time is made up for by the next: no need to try it often. */
const ATTEMPTS = 3;

/** Declares the schedules to BullMQ and removes all others. Safe to run by several processes at once. */
export async function upsertSchedules(queue: Queue, schedules: readonly Schedule[]): Promise<void> {
  for (const { id, everyMs, jobName, data } of schedules) {
    await queue.upsertJobScheduler(id, { every: everyMs }, { name: jobName, data, opts: { attempts: ATTEMPTS, removeOnFail: { count: 10 } } });
  }
  const declared = new Set(schedules.map(({ id }) => id));
  for (const { key } of await queue.getJobSchedulers()) if (!declared.has(key)) await queue.removeJobScheduler(key);
}

/**
 * Begins a schedule anew. A job that BullMQ would make may be there already, left over by a crash, and then its chain
 * stops for good; an upsert alone does not mend that. Each begins with a job at once: whoever calls holds `takeTurn`.
 */
export async function restartSchedules(queue: Queue, schedules: readonly Schedule[]): Promise<void> {
  for (const { id } of schedules) await queue.removeJobScheduler(id);
  await upsertSchedules(queue, schedules);
}
