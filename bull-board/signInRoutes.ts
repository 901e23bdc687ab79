import express, { Router } from 'express';

import type { Identity } from '../src/access/revocation/Identity.js';
import { UnauthenticatedError } from '../src/security/UnauthenticatedError.js';
import { boardPrincipal } from './boardPrincipal.js';
import { boardRoleOf } from './boardRoles.js';
import { codeRoutes } from './codeRoutes.js';
import { mfaOf } from './mfaOf.js';
import { renderSignIn, type SignInFault } from './renderSignIn.js';
import { addressOf, fieldOf, isLockedOut, letIn, type SignInContext } from './signInSteps.js';

/** Stands in records for somebody whose token did not say who they are. */
const UNKNOWN = 'unknown';

/** Signing in with a token, and a code where the role needs one; and out. The forms work without a script. */
export function signInRoutes(context: SignInContext): Router {
  const { config, verifier, sessions, cookie, pending, pendingCookie, factors, lockOut, logger, gate } = context;
  const router = Router();

  router.get('/sign-in', (request, response) => {
    if (sessions.find(cookie.read(request)) === undefined) response.type('html').send(renderSignIn());
    else response.redirect(303, '/');
  });

  router.post('/sign-in', express.urlencoded({ extended: false, limit: '16kb' }), async (request, response) => {
    const address = addressOf(request);
    if (await isLockedOut(context, response, address)) return;
    const refuse = async (status: number, fault: SignInFault, person?: string): Promise<void> => {
      await gate.denied(boardPrincipal(person ?? UNKNOWN, [], 'token', address), { operation: 'signin.board', reason: fault });
      logger.warn('A sign-in was refused', { reason: fault, status });
      response.status(status).type('html').send(renderSignIn(fault));
    };
    let identity: Identity;
    try {
      identity = await verifier.verify(fieldOf(request.body, 'token'));
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error;
      // That keys could not be fetched is nobody's failure: it would lock out all of them.
      if (error.reason !== 'keys') await lockOut.failed(address);
      await refuse(401, 'badToken');
      return;
    }
    const { subject, roles } = identity;
    const role = boardRoleOf(roles);
    if (role === undefined) {
      await lockOut.failed(address, subject);
      await refuse(403, 'noRole', subject);
      return;
    }
    if (await isLockedOut(context, response, address, subject)) return;
    const mfa = mfaOf(role, identity, config);
    if (mfa !== 'code') {
      await letIn(context, request, response, { role, identity, by: mfa });
      return;
    }
    const isEnrolled = await factors?.isEnrolled(subject).catch((error: unknown) => {
      logger.error('A second factor could not be read', { error });
      return undefined;
    });
    if (isEnrolled !== true) {
      await (isEnrolled === undefined ? refuse(503, 'unavailable', subject) : refuse(403, 'noFactor', subject));
      return;
    }
    pendingCookie.write(response, pending.open(role, identity));
    response.redirect(303, '/sign-in/code');
  });

  router.use(codeRoutes(context));

  router.post('/sign-out', (request, response) => {
    const secret = cookie.read(request);
    if (secret !== undefined) sessions.end(secret);
    cookie.clear(response);
    response.redirect(303, '/sign-in');
  });
  return router;
}
