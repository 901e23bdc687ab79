import { AnalyticsError } from './AnalyticsError.js';

/** A batch was opened and cannot be read, nor ever will be: another version laid it out, or not this software at all. */
export class BatchError extends AnalyticsError {
  constructor(message: string, options?: ErrorOptions) {
    super('STORE_INCONSISTENT', message, options);
  }
}

/** What `read` makes of an opened batch. @throws BatchError instead of AnalyticsError `STORE_INCONSISTENT` */
export function readBatch<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof AnalyticsError && error.code === 'STORE_INCONSISTENT') throw new BatchError(error.message, { cause: error });
    throw error;
  }
}
