import type { Queue } from 'bullmq';

import type { Schedule } from '../../queues/schedules.js';

/** Only a schedule whose time has passed by this many intervals is looked at. */
const OVERDUE_INTERVALS = 2;

/**
 * The schedules whose chain has ended: BullMQ makes the next job when one is taken up, and a crash in between may leave none.
 * One whose job waits is late and not broken.
 * @param since ms since 1970: before that nothing counts as late, since the chains began then
 */
export async function brokenSchedules(queue: Queue, declared: readonly Schedule[], since: number): Promise<Schedule[]> {
  if ((await queue.getActiveCount()) > 0) return [];
  const next = new Map((await queue.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler.next ?? 0]));
  const now = Date.now();
  const late = declared.filter(({ id, everyMs }) => now - Math.max(next.get(id) ?? 0, since) > OVERDUE_INTERVALS * everyMs);
  // BullMQ names the job of a scheduler so.
  const states = await Promise.all(late.map(async ({ id }) => queue.getJobState(`repeat:${id}:${next.get(id) ?? 0}`)));
  return late.filter((_, place) => states[place] === 'unknown');
}
