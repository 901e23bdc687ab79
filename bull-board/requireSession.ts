import type { RequestHandler, Response } from 'express';

import { HttpError } from './HttpError.js';
import type { SessionCookie } from './sessionCookie.js';
import type { Session, Sessions } from './Sessions.js';

/**
 * Lets only signed-in requests through. A page leads to the sign-in; anything else is refused. Opening a page or changing
 * something counts as being there; what pages fetch by themselves does not.
 */
export function requireSession(sessions: Sessions, cookie: SessionCookie): RequestHandler {
  return (request, response, next) => {
    const session = sessions.find(cookie.read(request));
    if (session === undefined) {
      if (request.method === 'GET' && request.accepts(['json', 'html']) === 'html') {
        response.redirect(303, '/sign-in');
        return;
      }
      throw new HttpError(401, 'UNAUTHENTICATED');
    }
    if (request.method !== 'GET' || request.headers['sec-fetch-mode'] === 'navigate') sessions.touch(session);
    response.locals['session'] = session;
    next();
  };
}

/** The session of a request that `requireSession` let through. */
export function sessionOf(response: Response): Session {
  return response.locals['session'] as Session; // requireSession set it
}
