import { Router } from 'express';

import type { Stats } from '../src/monitoring/Stats.js';
import type { StatsSource } from './StatsSource.js';

/** Why the service cannot do its work. */
export type NotReadyReason = 'REDIS_UNAVAILABLE' | 'NO_WORKER' | 'WORKERS_STUCK';

/**
 * `/health/live`: this process answers. `/health/ready`: Redis and the queues answer and a worker is at work; 503 with
 * the reasons otherwise. Both need no sign-in and say no more than that.
 */
export function healthRoutes(stats: StatsSource): Router {
  const router = Router();
  router.get('/health/live', (_request, response) => {
    response.json({ status: 'live' });
  });
  router.get('/health/ready', async (_request, response) => {
    const reasons = notReadyReasons(await stats.now());
    if (reasons.length === 0) response.json({ status: 'ready' });
    else response.status(503).json({ status: 'not ready', reasons });
  });
  return router;
}

export function notReadyReasons({ queue, system }: Pick<Stats, 'queue' | 'system'>): NotReadyReason[] {
  if (queue === null || !system.redis.connected) return ['REDIS_UNAVAILABLE'];
  if (system.workerStatus === 'absent') return ['NO_WORKER'];
  return system.workerStatus === 'stuck' ? ['WORKERS_STUCK'] : [];
}
