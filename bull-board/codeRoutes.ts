import express, { Router } from 'express';

import { boardPrincipal } from './boardPrincipal.js';
import { renderCode, renderSignIn, type SignInFault } from './renderSignIn.js';
import { addressOf, answerLocked, fieldOf, isLockedOut, letIn, type SignInContext } from './signInSteps.js';

/** The second step: a code of the authenticator, or a recovery code, of somebody whose token is good. */
export function codeRoutes(context: SignInContext): Router {
  const { pending, pendingCookie, factors, lockOut, logger, gate } = context;
  const router = Router();

  router.get('/sign-in/code', (request, response) => {
    if (pending.find(pendingCookie.read(request)) === undefined) response.redirect(303, '/sign-in');
    else response.type('html').send(renderCode());
  });

  router.post('/sign-in/code', express.urlencoded({ extended: false, limit: '1kb' }), async (request, response) => {
    const address = addressOf(request);
    if (await isLockedOut(context, response, address)) return;
    const secret = pendingCookie.read(request);
    const found = pending.find(secret);
    if (secret === undefined || found === undefined || factors === undefined) {
      pendingCookie.clear(response);
      response.status(401).type('html').send(renderSignIn('lateCode'));
      return;
    }
    const { role, identity } = found;
    const refuse = async (status: number, fault: SignInFault, reason: string = fault): Promise<void> => {
      await gate.denied(boardPrincipal(identity.subject, [role], identity.via, address), { operation: 'signin.board', reason });
      logger.warn('A sign-in was refused', { reason, status });
      response.status(status).type('html').send(renderCode(fault));
    };
    const lockedMs = await lockOut.take(address, identity.subject);
    if (lockedMs > 0) {
      answerLocked(response, lockedMs);
      return;
    }
    const answer = await factors.check(identity.subject, fieldOf(request.body, 'code')).catch((error: unknown) => {
      logger.error('A code could not be checked', { error });
      return 'unavailable' as const;
    });
    switch (answer) {
      case 'unavailable':
        await refuse(503, 'unavailable');
        return;
      case 'wrong':
      case 'used':
        // The person is counted already.
        await lockOut.failed(address);
        await refuse(401, 'badCode', answer === 'used' ? 'usedCode' : 'badCode');
        return;
      case 'code':
      case 'recovery':
        pendingCookie.clear(response);
        if (pending.end(secret)) await letIn(context, request, response, { role, identity, by: answer });
        else response.status(401).type('html').send(renderSignIn('lateCode'));
    }
  });
  return router;
}
