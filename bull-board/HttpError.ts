import type { ErrorCode } from '../src/errors/AnalyticsError.js';

/** What a request may be answered with when it is refused. The code is all that the answer says. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: 'FORBIDDEN' | 'CROSS_ORIGIN' | 'NOT_FOUND' | 'TOO_MANY_REQUESTS' | 'BAD_REQUEST' | ErrorCode;

  constructor(status: number, code: HttpError['code']) {
    super(code);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
  }
}
