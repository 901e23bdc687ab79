import { AnalyticsError } from '../errors/AnalyticsError.js';
import { BatchError } from '../errors/BatchError.js';

/** BullMQ gives a job up at once that failed with an error of this name. Its own class would load BullMQ into every child. */
const GIVEN_UP = 'UnrecoverableError';

/** What a job fails with: a code and a sentence of our own. */
export class JobFailure extends Error {
  /** Whether the job is tried again; not, if it cannot end otherwise. */
  readonly isFinal: boolean;

  constructor(message: string, isFinal = false) {
    super(message);
    this.isFinal = isFinal;
    this.name = isFinal ? GIVEN_UP : 'JobFailure';
  }
}

/**
 * The error that a job may fail with. Its message stays in Redis in clear and is shown on the board, so only our own
 * sentences pass, which hold no values; of anything else, its kind and the first word of what Redis answered.
 *
 * A batch that was changed or cannot be read is given up at once. One whose key is absent is tried again: that can be mended.
 */
export function jobFailure(error: unknown): JobFailure {
  if (error instanceof JobFailure) return error;
  if (error instanceof AnalyticsError) {
    return new JobFailure(`${error.code}: ${error.message}`, error.code === 'SEAL_BROKEN' || error instanceof BatchError);
  }
  if (!(error instanceof Error)) return new JobFailure('INTERNAL: a value that is no error was thrown');
  if (error.name === 'ReplyError') return new JobFailure(`REDIS_REFUSED: ${/^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR'}`);
  if (error.name === 'ZodError') return new JobFailure('INVALID_JOB: what the job carries does not fit its schema', true);
  return new JobFailure(`INTERNAL: ${error.name}`);
}
