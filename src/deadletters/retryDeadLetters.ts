import type { DeadLetterContext } from './DeadLetterContext.js';
import { decide, type DecisionReport } from './decide.js';
import { parseRetry, type DeadLetterSelection, type RetryDeadLettersOptions } from './deadLetterOptions.js';
import { retryFailedJob } from './retryFailedJob.js';

/** Puts dead letters back into their queues, each with its priority, and with all its attempts before it. */
export async function retryDeadLetters(context: DeadLetterContext, selection: DeadLetterSelection, options: RetryDeadLettersOptions = {}): Promise<DecisionReport> {
  parseRetry(options);
  const { redis, queues, logger } = context;
  const report = await decide(context, selection, async (jobs) => {
    const outcomes = await Promise.all(jobs.map(async ({ queue, id }) => retryFailedJob(redis, queues[queue], id)));
    return jobs.filter((_, place) => outcomes[place]);
  });
  logger.info('Somebody retried dead letters', { count: report.done, ...onlyId(selection, report) });
  return report;
}

/** The id to log where the decision was about one. An id that is no job's may be anything, and is not logged. */
export function onlyId(selection: DeadLetterSelection, { done }: DecisionReport): { readonly jobId?: string } {
  const ids = typeof selection === 'string' ? [selection] : 'all' in selection ? [] : selection;
  return ids.length === 1 && done === 1 ? { jobId: ids[0]! } : {};
}
