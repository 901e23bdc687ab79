import { createBullBoard } from '@bull-board/api';
import type { Queue } from 'bullmq';
import { Router, type RequestHandler } from 'express';

import { queueTitles, type QueueTitle } from '../queues/names.js';
import type { AccessGate } from '../src/access/AccessGate.js';
import type { Logger } from '../src/logging/createLogger.js';
import type { RedisClient } from '../src/redis/RedisClient.js';
import { mayChangeJobs } from './boardRoles.js';
import { boardHooks } from './boardHooks.js';
import { knownRoute } from './knownRoute.js';
import { QuietExpressAdapter } from './QuietExpressAdapter.js';
import { sessionOf } from './requireSession.js';
import { TitledQueueAdapter } from './TitledQueueAdapter.js';

export interface QueueBoardOptions {
  readonly queues: Readonly<Record<QueueTitle, Queue>>;
  /** The connection that they were made over. */
  readonly redis: RedisClient;
  /** Where it is mounted, such as `/queues`. */
  readonly basePath: string;
  readonly logger: Logger;
  readonly gate: AccessGate;
}

const MOST_OF_PATH = 200;

/**
 * Bull Board with our queues. There are two of it, since it knows read-only queues but no users: one that cannot change
 * anything, for viewers, and one that may retry and promote jobs. Both are mounted, so that whoever walks the routes finds them.
 */
export function createQueueBoard(options: QueueBoardOptions): Router {
  const router = Router();
  router.use(async (request, response, next) => {
    const { role, principal } = sessionOf(response);
    const change = { operation: 'queues.change', series: knownRoute(request.path).slice(0, MOST_OF_PATH) } as const;
    if (request.method !== 'GET') await (mayChangeJobs(role) ? options.gate.act(principal, change, async () => Promise.resolve()) : options.gate.denied(principal, change));
    next();
  });
  for (const mayChange of [true, false]) {
    const own = Router();
    own.use((_request, response, next) => next(mayChangeJobs(sessionOf(response).role) === mayChange ? undefined : 'router'));
    own.use(createBoard(options, { mayChange }));
    router.use(own);
  }
  return router;
}

function createBoard({ queues, redis, basePath, logger }: QueueBoardOptions, { mayChange }: { readonly mayChange: boolean }): RequestHandler {
  const serverAdapter = new QuietExpressAdapter((error) => logger.error('Bull Board met an error', { error }));
  serverAdapter.setBasePath(basePath);
  createBullBoard({
    queues: queueTitles.map((title) => new TitledQueueAdapter(queues[title], title, redis, { readOnly: !mayChange })),
    serverAdapter,
    options: {
      handlerHooks: boardHooks({ mayChange }),
      uiConfig: {
        boardTitle: 'Analytics queues',
        boardLogo: { path: '/assets/icon.svg', width: 28, height: 28 },
        favIcon: { default: '/assets/icon.svg', alternative: '/assets/icon.svg' },
        miscLinks: [
          { text: 'Console', url: '/' },
          { text: 'Dead letters', url: '/dead-letters' },
        ],
        hideDocsLink: true,
        hideRedisDetails: true,
        showMetrics: false,
        pollingInterval: { showSetting: true },
      },
    },
  });
  return serverAdapter.getRouter() as RequestHandler; // the adapter says `any`: it is an Express application
}
