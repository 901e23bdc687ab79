import { AnalyticsError } from '../../errors/AnalyticsError.js';

/** What is thrown for bytes that are no records of audit: says why, and no word of the content. */
export function malformed(why: string): AnalyticsError {
  return new AnalyticsError('STORE_INCONSISTENT', `A record of the audit log cannot be read: ${why}.`);
}
