/** Every code that an error of this service can carry. Codes are stable: match on them, never on messages. */
export type ErrorCode =
  | 'VALIDATION_FAILED'
  | 'CONFIGURATION_INVALID'
  | 'KEY_MISMATCH'
  | 'KEY_UNAVAILABLE'
  | 'SEAL_BROKEN'
  | 'DEADLINE_EXCEEDED'
  | 'QUERY_BUDGET_EXCEEDED'
  | 'REDIS_UNAVAILABLE'
  | 'BUSY'
  | 'SERVICE_CLOSED'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'STORE_INCONSISTENT'
  | 'AGGREGATION_FAILED'
  | 'DEAD_LETTER_UNKNOWN'
  | 'AUDIT_UNAVAILABLE'
  | 'BACKUP_DAMAGED'
  | 'BACKUP_REFUSED'
  | 'LEGAL_HOLD'
  | 'PLAN_OUTDATED'
  | 'ERASURE_UNFINISHED'
  | 'RECEIPT_UNKNOWN'
  | 'EVENT_UNKNOWN'
  | 'INTERNAL';

/**
 * The base of every error that this service throws. A message names fields, limits and what to do; it never holds a
 * value of an event, since messages end in logs.
 */
export class AnalyticsError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
