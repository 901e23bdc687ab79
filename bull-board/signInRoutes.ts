import express, { Router } from 'express';

import { UnauthenticatedError } from '../src/security/UnauthenticatedError.js';
import type { TokenVerifier } from '../src/security/tokens.js';
import type { Logger } from '../src/logging/createLogger.js';
import { boardRoleOf } from './boardRoles.js';
import type { SessionCookie } from './sessionCookie.js';
import type { Sessions } from './Sessions.js';
import type { SignInLimiter } from './SignInLimiter.js';
import { renderSignIn } from './renderSignIn.js';

export interface SignInContext {
  readonly verifier: TokenVerifier;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly limiter: SignInLimiter;
  readonly logger: Logger;
}

/** Signing in with a token, and out. The form works without a script. */
export function signInRoutes({ verifier, sessions, cookie, limiter, logger }: SignInContext): Router {
  const router = Router();

  router.get('/sign-in', (request, response) => {
    if (sessions.find(cookie.read(request)) === undefined) response.type('html').send(renderSignIn());
    else response.redirect(303, '/');
  });

  router.post('/sign-in', express.urlencoded({ extended: false, limit: '16kb' }), async (request, response) => {
    const address = request.socket.remoteAddress ?? '';
    const waitSeconds = limiter.waitSeconds(address);
    if (waitSeconds > 0) {
      response.set('Retry-After', String(waitSeconds)).status(429).type('html').send(renderSignIn('tooMany'));
      return;
    }
    const refuse = (status: number, fault: 'badToken' | 'noRole'): void => {
      limiter.failed(address);
      logger.warn('A sign-in was refused', { reason: fault, status });
      response.status(status).type('html').send(renderSignIn(fault));
    };
    const body: unknown = request.body;
    const token = typeof body === 'object' && body !== null && 'token' in body && typeof body.token === 'string' ? body.token.trim() : '';
    try {
      const { roles, expiresAt } = await verifier.verify(token);
      const role = boardRoleOf(roles);
      if (role === undefined) {
        refuse(403, 'noRole');
        return;
      }
      cookie.write(response, sessions.open(role, expiresAt));
      logger.info('Somebody signed in', { role });
      response.redirect(303, '/');
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error;
      refuse(401, 'badToken');
    }
  });

  router.post('/sign-out', (request, response) => {
    const secret = cookie.read(request);
    if (secret !== undefined) sessions.end(secret);
    cookie.clear(response);
    response.redirect(303, '/sign-in');
  });
  return router;
}
