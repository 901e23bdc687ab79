import { AnalyticsError } from '../../../errors/AnalyticsError.js';
import { BusyError } from '../../../errors/BusyError.js';

const FULL_RETRY_MS = 10_000;

/** What a call ends with that met this error: one of ours, never what Redis or a library said. A fault of our own is not blamed on Redis. */
export function typedFailure(error: unknown): AnalyticsError {
  if (error instanceof AnalyticsError) return error;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) {
    return new AnalyticsError('INTERNAL', 'The call met a fault of the service itself.', { cause: error });
  }
  if (error instanceof Error && error.message.startsWith('OOM')) return new BusyError('redisMemory', FULL_RETRY_MS, { cause: error });
  return new AnalyticsError('REDIS_UNAVAILABLE', 'Redis does not answer; nothing was sent. Check REDIS_URL and that Redis runs.', { cause: error });
}
