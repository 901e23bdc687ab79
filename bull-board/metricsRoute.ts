import { Router } from 'express';

import type { AccessGate } from '../src/access/AccessGate.js';
import type { LockOut } from '../src/doors/LockOut.js';
import type { Logger } from '../src/logging/createLogger.js';
import { PROMETHEUS_TYPE, toPrometheus } from '../src/monitoring/toPrometheus.js';
import type { TokenVerifier } from '../src/security/tokens.js';
import { UnauthenticatedError } from '../src/security/UnauthenticatedError.js';
import { boardPrincipal } from './boardPrincipal.js';
import { boardRoleOf } from './boardRoles.js';
import { HttpError } from './HttpError.js';
import type { StatsSource } from './StatsSource.js';

export interface MetricsContext {
  readonly stats: StatsSource;
  readonly verifier: TokenVerifier;
  readonly lockOut: LockOut;
  readonly logger: Logger;
  readonly gate: AccessGate;
}

const UNKNOWN = 'unknown';

/**
 * `/metrics`, for Prometheus: it cannot sign in, so it sends a token of the board with each request, as its configuration's
 * `authorization` says. A scrape holds nobody's data and comes every few seconds for ever, so it is not recorded; one that is
 * refused is.
 */
export function metricsRoute({ stats, verifier, lockOut, logger, gate }: MetricsContext): Router {
  const router = Router();
  router.get('/metrics', async (request, response) => {
    const address = request.socket.remoteAddress ?? '';
    const lockedMs = await lockOut.lockedFor(address);
    if (lockedMs > 0) {
      response.set('Retry-After', String(Math.ceil(lockedMs / 1000)));
      throw new HttpError(429, 'TOO_MANY_REQUESTS');
    }
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const refusal = token === undefined ? { status: 401 as const, subject: UNKNOWN, isGuess: false } : await refusalOf(token, verifier);
    if (refusal !== undefined) {
      const { status, subject, isGuess } = refusal;
      if (token !== undefined) {
        // Without a token nothing was guessed, and that keys could not be fetched is no fault of one.
        if (isGuess) await lockOut.failed(address);
        await gate.denied(boardPrincipal(subject, [], 'token', address), { operation: 'stats.read', reason: status === 401 ? 'badToken' : 'noRole' });
        logger.warn('A reading of metrics was refused', { status });
      }
      if (status === 401) response.set('WWW-Authenticate', 'Bearer');
      throw new HttpError(refusal.status, status === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN');
    }
    response.set('Content-Type', PROMETHEUS_TYPE).send(toPrometheus(await stats.now()));
  });
  return router;
}

/** @returns undefined for a token whose role is of the board */
async function refusalOf(token: string, verifier: TokenVerifier): Promise<{ readonly status: 401 | 403; readonly subject: string; readonly isGuess: boolean } | undefined> {
  try {
    const { roles, subject } = await verifier.verify(token);
    return boardRoleOf(roles) === undefined ? { status: 403, subject, isGuess: true } : undefined;
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error;
    return { status: 401, subject: UNKNOWN, isGuess: error.reason !== 'keys' };
  }
}
