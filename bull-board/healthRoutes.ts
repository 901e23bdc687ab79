import { Router } from 'express';

import type { StatsSource } from './StatsSource.js';

/**
 * `/health/live`: this process answers. `/health/ready`: every role is there, and a test event gets through; 503 with the
 * reasons otherwise. Both need no sign-in and say no more than that.
 */
export function healthRoutes(stats: StatsSource): Router {
  const router = Router();
  router.get('/health/live', (_request, response) => {
    response.json({ status: 'live' });
  });
  router.get('/health/ready', async (_request, response) => {
    const reasons = (await stats.now()).system.notReady;
    if (reasons.length === 0) response.json({ status: 'ready' });
    else response.status(503).json({ status: 'not ready', reasons });
  });
  return router;
}
