import type { Queue } from 'bullmq';
import express, { type Express } from 'express';

import type { QueueTitle } from '../queues/names.js';
import type { AccessGate } from '../src/access/AccessGate.js';
import type { Revocations } from '../src/access/revocation/Revocations.js';
import type { SecondFactors } from '../src/access/secondFactors/SecondFactors.js';
import type { Config } from '../src/config/parseConfig.js';
import type { DeadLetters } from '../src/deadletters/createDeadLetters.js';
import { guardDeadLetters } from '../src/deadletters/guardDeadLetters.js';
import type { EventTypes } from '../src/contract/eventTypes.js';
import type { LockOut } from '../src/doors/LockOut.js';
import type { Logger } from '../src/logging/createLogger.js';
import type { RedisClient } from '../src/redis/RedisClient.js';
import type { TokenVerifier } from '../src/security/tokens.js';
import { createQueueBoard } from './createQueueBoard.js';
import { deadLetterRoutes } from './deadLetterRoutes.js';
import { handleErrors, notFound } from './handleErrors.js';
import { healthRoutes } from './healthRoutes.js';
import { logChanges } from './logChanges.js';
import { metricsRoute } from './metricsRoute.js';
import { PendingSignIns } from './PendingSignIns.js';
import { publicFile } from './publicFile.js';
import { requireSameOrigin } from './requireSameOrigin.js';
import { requireSession, sessionOf } from './requireSession.js';
import { securityHeaders } from './securityHeaders.js';
import { createSessionCookie } from './sessionCookie.js';
import { Sessions } from './Sessions.js';
import { signInRoutes } from './signInRoutes.js';
import type { StatsSource } from './StatsSource.js';

export interface AppContext {
  readonly config: Pick<Config, 'isProduction' | 'ANALYTICS_TLS_CERT_FILE' | 'ANALYTICS_MFA'>;
  readonly queues: Readonly<Record<QueueTitle, Queue>>;
  /** The connection that they were made over. */
  readonly redis: RedisClient;
  readonly deadLetters: DeadLetters;
  /** Decides and records what is read and changed here. */
  readonly gate: AccessGate;
  readonly revocations: Pick<Revocations, 'isRevoked'>;
  readonly types: EventTypes;
  readonly stats: StatsSource;
  readonly verifier: TokenVerifier;
  /** Undefined in a process without keys. */
  readonly factors: SecondFactors | undefined;
  /** Apart, since a scraper whose token expired must not keep people out. */
  readonly lockOuts: { readonly signIn: LockOut; readonly metrics: LockOut };
  readonly logger: Logger;
  /** Default: the clock. */
  readonly now?: () => number;
}

/**
 * The console, the board, the health checks and the figures for Prometheus. Behind the session stands everything but
 * health, files, the sign-in, and `/metrics`, which takes a token.
 */
export function createApp({ config, queues, redis, deadLetters, gate, revocations, types, stats, verifier, factors, lockOuts, logger, now }: AppContext): Express {
  const sessions = new Sessions(now, (identity) => revocations.isRevoked(identity));
  const isSecure = config.isProduction || config.ANALYTICS_TLS_CERT_FILE !== undefined;
  const cookie = createSessionCookie({ isSecure });
  const pendingCookie = createSessionCookie({ isSecure, of: 'sign-in' });
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');

  app.use(securityHeaders(config));
  app.use(healthRoutes(stats));
  app.use(metricsRoute({ stats, verifier, lockOut: lockOuts.metrics, logger, gate }));
  app.use('/assets', express.static(publicFile('assets'), { index: false, maxAge: 0 }));
  app.use(requireSameOrigin);
  app.use(signInRoutes({ config, verifier, sessions, cookie, pending: new PendingSignIns(now), pendingCookie, factors, lockOut: lockOuts.signIn, logger, gate }));

  app.use(requireSession(sessions, cookie));
  app.use(logChanges(logger));
  app.get('/', (_request, response) => response.sendFile(publicFile('console.html')));
  app.get('/api/stats', async (_request, response) => {
    response.json({ role: sessionOf(response).role, stats: await stats.now() });
  });
  app.get('/api/history', (_request, response) => {
    response.json(stats.history);
  });
  // Sent by a page while somebody uses it; `requireSession` has taken note.
  app.put('/api/presence', (_request, response) => {
    response.status(204).end();
  });
  app.get('/dead-letters', (_request, response) => response.sendFile(publicFile('dead-letters.html')));
  app.use('/api/dead-letters', deadLetterRoutes(deadLetters, (principal) => guardDeadLetters(deadLetters, { gate, principal, types })));
  app.use('/queues', createQueueBoard({ queues, redis, basePath: '/queues', logger, gate }));

  app.use(notFound);
  app.use(handleErrors(logger));
  return app;
}
