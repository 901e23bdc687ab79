import { AnalyticsError } from './AnalyticsError.js';

/** The audit log did not take a record, so what it would have told of was not done: nothing was given out. */
export class AuditError extends AnalyticsError {
  constructor(problem: string, options?: ErrorOptions) {
    super('AUDIT_UNAVAILABLE', `This call was refused, since it could not be written to the audit log: ${problem}`, options);
  }
}
