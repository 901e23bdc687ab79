import { AnalyticsError } from '../errors/AnalyticsError.js';

/** Does one part of a merge. A spoilt chunk must not keep the others from being merged; a Redis that is away ends it at once. */
export async function collecting(faults: AnalyticsError[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AnalyticsError)) throw error;
    faults.push(error);
  }
}
