import { isDeepStrictEqual } from 'node:util';

import type { JobSchedulerJson, Queue } from 'bullmq';

import type { Schedule } from '../../queues/schedules.js';

/** A job that missed its time is made up for by the next: no need to try it often. */
const ATTEMPTS = 3;

/**
 * Declares the schedules to BullMQ that are not there as they should be, and removes all others. For one that is there an upsert makes the
 * job of its time anew, also where that has just been done: each process that started beside others ran a clean-up twice. That goes for
 * one that was not there a moment ago, too, so whoever calls holds `takeTurn`.
 */
export async function upsertSchedules(queue: Queue, schedules: readonly Schedule[]): Promise<void> {
  const there = new Map((await queue.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler]));
  for (const schedule of schedules) {
    if (isDeclared(schedule, there.get(schedule.id))) continue;
    const { id, everyMs, jobName, data } = schedule;
    await queue.upsertJobScheduler(id, { every: everyMs }, { name: jobName, data, opts: { attempts: ATTEMPTS, removeOnFail: { count: 10 } } });
  }
  const declared = new Set(schedules.map(({ id }) => id));
  for (const key of there.keys()) if (!declared.has(key)) await queue.removeJobScheduler(key);
}

function isDeclared({ everyMs, jobName, data }: Schedule, scheduler: JobSchedulerJson | undefined): boolean {
  return scheduler?.every === everyMs && scheduler.name === jobName && scheduler.template?.opts?.attempts === ATTEMPTS && isDeepStrictEqual(scheduler.template.data, data);
}

/**
 * Begins a schedule anew. A job that BullMQ would make may be there already, left over by a crash, and then its chain
 * stops for good; an upsert alone does not mend that. Each begins with a job at once: whoever calls holds `takeTurn`.
 */
export async function restartSchedules(queue: Queue, schedules: readonly Schedule[]): Promise<void> {
  for (const { id } of schedules) await queue.removeJobScheduler(id);
  await upsertSchedules(queue, schedules);
}
