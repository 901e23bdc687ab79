import { AnalyticsError } from '../errors/AnalyticsError.js';

/**
 * The error that a job may fail with. Its message stays in Redis in clear and is shown on the board, so only our own
 * sentences pass, which hold no values; of anything else, its kind and the first word of what Redis answered.
 */
export function jobFailure(error: unknown): Error {
  if (error instanceof AnalyticsError) return new Error(`${error.code}: ${error.message}`);
  if (!(error instanceof Error)) return new Error('INTERNAL: a value that is no error was thrown');
  if (error.name === 'ReplyError') return new Error(`REDIS_REFUSED: ${/^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR'}`);
  if (error.name === 'ZodError') return new Error('INVALID_JOB: what the job carries does not fit its schema');
  return new Error(`INTERNAL: ${error.name}`);
}
