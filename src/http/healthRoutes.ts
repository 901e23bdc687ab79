import { setTimeout as sleep } from 'node:timers/promises';

import { Router } from 'express';

import type { RedisClient } from '../redis/RedisClient.js';

/** However many ask, Redis is asked this often, in ms. */
const FRESH_MS = 500;
const ANSWER_MOST_MS = 1000;

/**
 * `/health/live`: this process answers. `/health/ready`: it takes requests and Redis answers it; 503 with the reasons otherwise.
 * Whether events get through is for the board to say. Both need no credential.
 */
export function healthRoutes({ redis, isClosing }: { readonly redis: Pick<RedisClient, 'ping'>; readonly isClosing: () => boolean }): Router {
  let askedAt = -Infinity;
  let last = Promise.resolve(false);
  const answers = async (): Promise<boolean> => {
    if (performance.now() - askedAt > FRESH_MS) {
      askedAt = performance.now();
      last = Promise.race([redis.ping().then(() => true), sleep(ANSWER_MOST_MS, false, { ref: false })]).catch(() => false);
    }
    return last;
  };
  const router = Router();
  router.get('/health/live', (_request, response) => void response.set('Cache-Control', 'no-store').json({ status: 'live' }));
  router.get('/health/ready', async (_request, response) => {
    response.set('Cache-Control', 'no-store');
    const reasons = [...(isClosing() ? ['CLOSING'] : []), ...((await answers()) ? [] : ['REDIS_UNAVAILABLE'])];
    if (reasons.length === 0) response.json({ status: 'ready' });
    else response.status(503).json({ status: 'not ready', reasons });
  });
  return router;
}
