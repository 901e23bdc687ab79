import type { RedisInfo } from './readRedisInfo.js';
import { rateOf, type HeartbeatReading } from './readHeartbeats.js';
import { CANARY_LATE_MS } from './canary/canaryType.js';
import type { CanaryReading } from './canary/readCanary.js';
import type { SystemStats } from './Stats.js';

/** Why the service cannot do its work; docs/monitoring.md tells what each means and what to do. */
export const notReadyReasons = [
  'REDIS_UNAVAILABLE',
  'REDIS_REFUSES_WRITES',
  'NO_WORKER',
  'NO_BROADCASTER',
  'NO_SCHEDULER',
  'WORKERS_STUCK',
  'PROCESSING_STALLED',
  'FEED_STALLED',
  'SCHEDULING_STALLED',
] as const;
export type NotReadyReason = (typeof notReadyReasons)[number];

export interface ReadinessFacts {
  /** Roles that there have to be, with commas between. */
  readonly roles: string;
  readonly info: Pick<RedisInfo, 'refusesWrites'>;
  readonly heartbeats: readonly HeartbeatReading[];
  readonly workerStatus: SystemStats['workerStatus'];
  readonly canary: CanaryReading;
}

const absent = { processing: 'NO_WORKER', broadcasting: 'NO_BROADCASTER', scheduling: 'NO_SCHEDULER' } as const satisfies Record<string, NotReadyReason>;

/**
 * Why the service is not ready; empty when it is. That processes live proves nothing: a canary has to get through.
 * At the worst it is noticed 13 s after work stopped: up to 3 s until the next canary, which then has 10.
 */
export function findReasons({ roles, info, heartbeats, workerStatus, canary }: ReadinessFacts): NotReadyReason[] {
  const reasons: NotReadyReason[] = [];
  if (info.refusesWrites) reasons.push('REDIS_REFUSES_WRITES');
  const wanted = roles.split(',');
  const isThere = (role: string): boolean => heartbeats.some((one) => one.role === role);
  for (const [role, reason] of Object.entries(absent)) if (wanted.includes(role) && !isThere(role)) reasons.push(reason);
  if (workerStatus === 'stuck') reasons.push('WORKERS_STUCK');

  const isLate = (since: number): boolean => canary.now - since > CANARY_LATE_MS;
  const isStalled = canary.waitingSince !== undefined && isLate(canary.waitingSince);
  // Without a worker it cannot get through, and that has been said.
  if (isStalled && isThere('processing')) reasons.push('PROCESSING_STALLED');
  if (isThere('scheduling') && canary.turnAt !== undefined && isLate(canary.turnAt) && !info.refusesWrites) reasons.push('SCHEDULING_STALLED');
  if (heartbeats.some((one) => isFeedStalled(one, canary))) reasons.push('FEED_STALLED');
  return reasons;
}

/** One broadcaster that lags is enough: its clients get nothing. Counts only while canaries are stored. */
function isFeedStalled({ role, startedAt, figures }: HeartbeatReading, { now, storedSentAt }: CanaryReading): boolean {
  if (role !== 'broadcasting' || storedSentAt === undefined || now - storedSentAt > CANARY_LATE_MS) return false;
  return now - Math.max(figures['canaryAt'] ?? 0, startedAt) > CANARY_LATE_MS;
}

/** How canaries fare, apart from what there is to do about it. */
export function canaryStatus({ now, turnAt, waitingSince, storedSentAt }: CanaryReading): SystemStats['canary']['status'] {
  if (waitingSince !== undefined && now - waitingSince > CANARY_LATE_MS) return 'late';
  if (turnAt === undefined || now - turnAt > CANARY_LATE_MS || storedSentAt === undefined) return 'none';
  return 'ok';
}

/** Whether workers do anything: canaries are work too. */
export function isMoving(workers: readonly HeartbeatReading[]): boolean {
  return workers.some((one) => rateOf(one, 'jobsCompleted') + rateOf(one, 'jobsFailed') + rateOf(one, 'canaries') > 0);
}
