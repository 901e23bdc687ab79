import type { Queue } from 'bullmq';

import type { Schedule } from '../../queues/schedules.js';
import { nextJobState } from './nextJobState.js';

/** Only a schedule whose time has passed by this many intervals is looked at, or is as far ahead. */
const OVERDUE_INTERVALS = 2;

/**
 * The schedules whose chain has ended: BullMQ makes the next job when one is taken up, and a crash in between may leave none.
 * One whose job waits is late and not broken. And those whose next job is too far ahead: a worker takes its time by its own clock,
 * so that one which is an hour ahead puts all of them off by an hour.
 * @param since ms since 1970: before that nothing counts as late, since the chains began then
 */
export async function brokenSchedules(queue: Queue, declared: readonly Schedule[], since: number): Promise<Schedule[]> {
  const next = new Map((await queue.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler.next ?? 0]));
  const now = Date.now();
  const early = declared.filter(({ id, everyMs }) => (next.get(id) ?? 0) - now > OVERDUE_INTERVALS * everyMs);
  if ((await queue.getActiveCount()) > 0) return early;
  const late = declared.filter(({ id, everyMs }) => now - Math.max(next.get(id) ?? 0, since) > OVERDUE_INTERVALS * everyMs);
  const states = await Promise.all(late.map(async ({ id }) => nextJobState(queue, id, next.get(id) ?? 0)));
  return [...early, ...late.filter((_, place) => states[place] === 'unknown')];
}
