import type { RequestHandler } from 'express';

import type { Logger } from '../src/logging/createLogger.js';
import { knownRoute } from './knownRoute.js';
import { sessionOf } from './requireSession.js';

/** Logs who tried to change what, and what came of it. */
export function logChanges(logger: Logger): RequestHandler {
  return (request, response, next) => {
    if (request.method !== 'GET' && request.path !== '/api/presence') {
      const { method, path } = request;
      response.once('finish', () => {
        logger.info('Somebody used the board', { role: sessionOf(response).role, method, route: knownRoute(path), status: response.statusCode });
      });
    }
    next();
  };
}
