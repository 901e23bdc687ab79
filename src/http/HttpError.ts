import type { ErrorCode } from '../errors/AnalyticsError.js';

/** Codes of refusals that only a door over HTTP knows, each with its status. They are as stable as `ErrorCode`. */
export const doorCodes = {
  BAD_REQUEST: 400,
  CROSS_ORIGIN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  MISDIRECTED: 421,
  UNSUPPORTED_MEDIA_TYPE: 415,
  TOO_MANY_REQUESTS: 429,
  HTTP_VERSION: 505,
} as const satisfies Readonly<Record<string, number>>;

export type DoorCode = keyof typeof doorCodes;
export type ProblemCode = ErrorCode | DoorCode;

/** A request that is refused before the service is asked. */
export class HttpError extends Error {
  readonly code: DoorCode;
  readonly status: number;
  /** A constant of the code, never built from what was sent. */
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: DoorCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(code);
    this.name = 'HttpError';
    this.code = code;
    this.status = doorCodes[code];
    this.detail = detail;
    this.headers = headers;
  }
}
