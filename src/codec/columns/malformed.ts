import { AnalyticsError } from '../../errors/AnalyticsError.js';

/** What is thrown when a merged chunk's bytes do not fit: says which part, and no word of the content. */
export function malformed(why: string): AnalyticsError {
  return new AnalyticsError('STORE_INCONSISTENT', `A merged chunk cannot be read: ${why}.`);
}
