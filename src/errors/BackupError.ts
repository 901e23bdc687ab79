import { AnalyticsError, type ErrorCode } from './AnalyticsError.js';

/** A backup cannot be taken, read or put back. Nothing in Redis was changed, and no earlier run of the backup. */
export class BackupError extends AnalyticsError {
  constructor(code: Extract<ErrorCode, 'BACKUP_DAMAGED' | 'BACKUP_REFUSED'>, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
