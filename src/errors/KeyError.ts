import { AnalyticsError, type ErrorCode } from './AnalyticsError.js';

/** A key is absent, is not the one that is needed, or does not open what it is given. Nothing was overwritten. */
export class KeyError extends AnalyticsError {
  constructor(code: Extract<ErrorCode, 'KEY_MISMATCH' | 'KEY_UNAVAILABLE' | 'SEAL_BROKEN'>, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
