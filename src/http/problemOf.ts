import { AccessError } from '../errors/AccessError.js';
import { AnalyticsError, type ErrorCode } from '../errors/AnalyticsError.js';
import { BudgetError } from '../errors/BudgetError.js';
import { BusyError } from '../errors/BusyError.js';
import { DeadlineError } from '../errors/DeadlineError.js';
import { ValidationError, type FieldIssue } from '../errors/ValidationError.js';
import { UnauthenticatedError, type TokenRefusal } from '../security/UnauthenticatedError.js';
import { HttpError, type ProblemCode } from './HttpError.js';

/** What somebody is told of an error, of a whole request or of one item. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly detail?: string;
  /** Every bad field of what was sent. */
  readonly issues?: readonly FieldIssue[];
  /** Of a refusal: what was asked for, why it was refused, and the field if it is one. */
  readonly operation?: string;
  readonly reason?: string;
  readonly field?: string;
  /** Of an event whose outcome is unknown: sent again with it, it is stored once. */
  readonly id?: string;
  readonly retryAfterMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly refusal: Refusal;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it is the service's own fault, which its log should tell of. */
  readonly isFault: boolean;
}

/** Codes whose errors say themselves what to do: their messages are made by this service, of names and limits. */
const statusOf: Partial<Readonly<Record<ErrorCode, number>>> = {
  VALIDATION_FAILED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  QUERY_BUDGET_EXCEEDED: 422,
  BUSY: 503,
  REDIS_UNAVAILABLE: 503,
  AUDIT_UNAVAILABLE: 503,
  SERVICE_CLOSED: 503,
  DEADLINE_EXCEEDED: 504,
};

const RETRY_MS = 1000;

/** Who gets these had a credential that was good once; of another it is not said what is wrong with it. */
const tellable: ReadonlySet<TokenRefusal> = new Set<TokenRefusal>(['expired', 'not_yet_valid', 'revoked']);

/** @returns what to answer; of an error that is not ours nothing but `INTERNAL` */
export function problemOf(error: unknown): Answer {
  if (error instanceof HttpError) return answer(error.status, error.code, { detail: error.detail }, error.headers);
  if (!(error instanceof AnalyticsError)) return answer(500, 'INTERNAL', {}, {}, true);
  if (error instanceof UnauthenticatedError) return ofCredential(error);
  if (error instanceof ValidationError) return answer(400, error.code, { detail: 'Nothing was done. `issues` has every bad field.', issues: error.issues });
  if (error instanceof AccessError) {
    return answer(403, error.code, { detail: error.message, operation: error.operation, reason: error.reason, ...(error.field !== undefined && { field: error.field }) });
  }
  if (error instanceof BusyError) {
    return answer(503, error.code, { detail: error.message, reason: error.reason, retryAfterMs: error.retryAfterMs }, retryAfter(error.retryAfterMs));
  }
  // How much was looked at would tell how much there is of others, so its message stays here.
  if (error instanceof BudgetError) return answer(422, error.code, { detail: 'The query would take more than its budget. Narrow the range, or ask page by page.', reason: error.budget });
  if (error instanceof DeadlineError) return answer(504, error.code, { detail: error.message, ...(error.id !== undefined && { id: error.id }) });
  const status = statusOf[error.code] ?? 500;
  if (status === 503) {
    const isEnding = error.code === 'SERVICE_CLOSED';
    return answer(503, error.code, { retryAfterMs: RETRY_MS }, { ...retryAfter(RETRY_MS), ...(isEnding && { Connection: 'close' }) });
  }
  return answer(status, error.code, {}, {}, status === 500);
}

export function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(ms / 1000))) };
}

function ofCredential(error: UnauthenticatedError): Answer {
  // Whether the credential is good nobody knows while the keys of whoever signs are away.
  if (error.reason === 'keys') return answer(503, 'UNAUTHENTICATED', { reason: 'keys', retryAfterMs: RETRY_MS }, retryAfter(RETRY_MS));
  const detail = tellable.has(error.reason) ? { detail: error.message, reason: error.reason } : { detail: 'The token or API key is not good here.' };
  return answer(401, error.code, detail, { 'WWW-Authenticate': 'Bearer realm="analytics", error="invalid_token"' });
}

const titles: Partial<Readonly<Record<ProblemCode, string>>> = {
  VALIDATION_FAILED: 'The request was refused as it is',
  UNAUTHENTICATED: 'Who asks is not known',
  FORBIDDEN: 'The actor may not do this',
  QUERY_BUDGET_EXCEEDED: 'The query takes too much',
  BUSY: 'The service has too much to do',
  REDIS_UNAVAILABLE: 'The store does not answer',
  AUDIT_UNAVAILABLE: 'Nothing can be recorded, so nothing is given out',
  SERVICE_CLOSED: 'The service is ending',
  DEADLINE_EXCEEDED: 'There was no answer in time',
  BAD_REQUEST: 'The request cannot be read',
  CROSS_ORIGIN: 'Pages of other origins may not ask here',
  NOT_FOUND: 'There is no such thing',
  METHOD_NOT_ALLOWED: 'This path takes another method',
  BODY_TOO_LARGE: 'The body is too large',
  MISDIRECTED: 'This host is not served here',
  UNSUPPORTED_MEDIA_TYPE: 'The body has to be JSON',
  TOO_MANY_REQUESTS: 'Too many credentials were refused',
  HTTP_VERSION: 'This takes HTTP/1.1',
};

/** Problem details (RFC 9457), with our code. */
export function problemText({ status, refusal }: Pick<Answer, 'status' | 'refusal'>, requestId: string): string {
  const { code } = refusal;
  const type = `urn:analytics:problem:${code.toLowerCase().replaceAll('_', '-')}`;
  return JSON.stringify({ type, title: titles[code] ?? 'The service met a fault', status, ...refusal, requestId });
}

function answer(status: number, code: ProblemCode, rest: Omit<Refusal, 'code'>, headers: Readonly<Record<string, string>> = {}, isFault = false): Answer {
  return { status, refusal: { code, ...rest }, headers, isFault };
}
