import { randomUUID } from 'node:crypto';

import type { ErrorRequestHandler, RequestHandler } from 'express';

import type { Logger } from '../src/logging/createLogger.js';
import { HttpError } from './HttpError.js';

export const notFound: RequestHandler = () => {
  throw new HttpError(404, 'NOT_FOUND');
};

/** Answers with a fixed code and an id that is in the log too; never with a message of an error. */
export function handleErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const requestId = randomUUID();
    const { status, code } = answerOf(error);
    if (status >= 500) logger.error('A request failed', { error, requestId, status });
    response.status(status).json({ error: { code, requestId } });
  };
}

function answerOf(error: unknown): { readonly status: number; readonly code: string } {
  if (error instanceof HttpError) return error;
  // Express and its body parser mark what the client did wrong.
  const status = error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
  return status >= 400 && status < 500 ? { status, code: 'BAD_REQUEST' } : { status: 500, code: 'INTERNAL' };
}
