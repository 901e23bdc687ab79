import { Router } from 'express';

import type { Logger } from '../src/logging/createLogger.js';
import { PROMETHEUS_TYPE, toPrometheus } from '../src/monitoring/toPrometheus.js';
import type { TokenVerifier } from '../src/security/tokens.js';
import { UnauthenticatedError } from '../src/security/UnauthenticatedError.js';
import { boardRoleOf } from './boardRoles.js';
import { HttpError } from './HttpError.js';
import type { SignInLimiter } from './SignInLimiter.js';
import type { StatsSource } from './StatsSource.js';

export interface MetricsContext {
  readonly stats: StatsSource;
  readonly verifier: TokenVerifier;
  readonly limiter: SignInLimiter;
  readonly logger: Logger;
}

/**
 * `/metrics`, for Prometheus: it cannot sign in, so it sends a token of the board with each request, as its configuration's
 * `authorization` says.
 */
export function metricsRoute({ stats, verifier, limiter, logger }: MetricsContext): Router {
  const router = Router();
  router.get('/metrics', async (request, response) => {
    const address = request.socket.remoteAddress ?? '';
    const waitSeconds = limiter.waitSeconds(address);
    if (waitSeconds > 0) {
      response.set('Retry-After', String(waitSeconds));
      throw new HttpError(429, 'TOO_MANY_REQUESTS');
    }
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const status = token === undefined ? 401 : await refusalOf(token, verifier);
    if (status !== undefined) {
      // Without a token nothing was guessed.
      if (token !== undefined) {
        limiter.failed(address);
        logger.warn('A reading of metrics was refused', { status });
      }
      if (status === 401) response.set('WWW-Authenticate', 'Bearer');
      throw new HttpError(status, status === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN');
    }
    response.set('Content-Type', PROMETHEUS_TYPE).send(toPrometheus(await stats.now()));
  });
  return router;
}

/** @returns undefined for a token whose role is of the board */
async function refusalOf(token: string, verifier: TokenVerifier): Promise<401 | 403 | undefined> {
  try {
    const { roles } = await verifier.verify(token);
    return boardRoleOf(roles) === undefined ? 403 : undefined;
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error;
    return 401;
  }
}
