import type { Queue } from 'bullmq';

import type { Schedule } from '../../queues/schedules.js';

/** A schedule is broken when its time has passed by this many intervals. */
const OVERDUE_INTERVALS = 2;

/**
 * The schedules whose chain has ended: BullMQ makes the next job when one is taken up, and a crash in between may leave none.
 * While jobs are at work or wait, what is late is behind them.
 * @param since ms since 1970: before that nothing counts as late, since the chains began then
 */
export async function brokenSchedules(queue: Queue, declared: readonly Schedule[], since: number): Promise<Schedule[]> {
  const { active = 0, wait = 0, prioritized = 0 } = await queue.getJobCounts('active', 'wait', 'prioritized');
  if (active + wait + prioritized > 0) return [];
  const next = new Map((await queue.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler.next ?? 0]));
  const now = Date.now();
  return declared.filter(({ id, everyMs }) => now - Math.max(next.get(id) ?? 0, since) > OVERDUE_INTERVALS * everyMs);
}
