import express, { Router } from 'express';

import type { AccessGate } from '../src/access/AccessGate.js';
import { UnauthenticatedError } from '../src/security/UnauthenticatedError.js';
import type { TokenVerifier } from '../src/security/tokens.js';
import type { LockOut } from '../src/doors/LockOut.js';
import type { Logger } from '../src/logging/createLogger.js';
import { boardPrincipal } from './boardPrincipal.js';
import { boardRoleOf } from './boardRoles.js';
import type { SessionCookie } from './sessionCookie.js';
import type { Sessions } from './Sessions.js';
import { renderSignIn } from './renderSignIn.js';

export interface SignInContext {
  readonly verifier: TokenVerifier;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
  readonly lockOut: LockOut;
  readonly logger: Logger;
  readonly gate: AccessGate;
}

/** Stands in records for somebody whose token did not say who they are. */
const UNKNOWN = 'unknown';

/** Signing in with a token, and out. The form works without a script. */
export function signInRoutes({ verifier, sessions, cookie, lockOut, logger, gate }: SignInContext): Router {
  const router = Router();

  router.get('/sign-in', (request, response) => {
    if (sessions.find(cookie.read(request)) === undefined) response.type('html').send(renderSignIn());
    else response.redirect(303, '/');
  });

  router.post('/sign-in', express.urlencoded({ extended: false, limit: '16kb' }), async (request, response) => {
    const address = request.socket.remoteAddress ?? '';
    const isLockedOut = async (person?: string): Promise<boolean> => {
      const lockedMs = await lockOut.lockedFor(address, person);
      if (lockedMs > 0) response.set('Retry-After', String(Math.ceil(lockedMs / 1000))).status(429).type('html').send(renderSignIn('tooMany'));
      return lockedMs > 0;
    };
    if (await isLockedOut()) return;
    const refuse = async (status: number, fault: 'badToken' | 'noRole', person?: string): Promise<void> => {
      await gate.denied(boardPrincipal(person ?? UNKNOWN, [], 'token', address), { operation: 'signin.board', reason: fault });
      await lockOut.failed(address, person);
      logger.warn('A sign-in was refused', { reason: fault, status });
      response.status(status).type('html').send(renderSignIn(fault));
    };
    const body: unknown = request.body;
    const token = typeof body === 'object' && body !== null && 'token' in body && typeof body.token === 'string' ? body.token.trim() : '';
    try {
      const identity = await verifier.verify(token);
      const { subject, roles, via } = identity;
      const role = boardRoleOf(roles);
      if (role === undefined) {
        await refuse(403, 'noRole', subject);
        return;
      }
      if (await isLockedOut(subject)) return;
      const principal = boardPrincipal(subject, [role], via, address);
      await gate.admitted(principal, { operation: 'signin.board' });
      await lockOut.succeeded(subject);
      cookie.write(response, sessions.open(role, principal, identity));
      logger.info('Somebody signed in', { role });
      response.redirect(303, '/');
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error;
      await refuse(401, 'badToken');
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
