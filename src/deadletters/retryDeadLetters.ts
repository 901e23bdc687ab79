import type { DeadLetterContext } from './DeadLetterContext.js';
import { decide, type DecisionReport } from './decide.js';
import { parseRetry, type DeadLetterSelection, type RetryDeadLettersOptions } from './deadLetterOptions.js';
import { retryFailedJob } from './retryFailedJob.js';

/** Puts dead letters back into their queues, each with its priority, and with all its attempts before it. */
export async function retryDeadLetters(context: DeadLetterContext, selection: DeadLetterSelection, options: RetryDeadLettersOptions = {}): Promise<DecisionReport> {
  const { actor } = parseRetry(options);
  const { redis, queues, logger } = context;
  const report = await decide(context, selection, async (jobs) => {
    const outcomes = await Promise.all(jobs.map(async ({ queue, id }) => retryFailedJob(redis, queues[queue], id)));
    return jobs.filter((_, place) => outcomes[place]);
  });
  logger.info('Somebody retried dead letters', { actor, count: report.done, ...onlyId(selection) });
  return report;
}

/** The id to log where the decision is about one. */
export function onlyId(selection: DeadLetterSelection): { readonly jobId?: string } {
  if (typeof selection === 'string') return { jobId: selection };
  return Array.isArray(selection) && selection.length === 1 ? { jobId: String(selection[0]) } : {};
}
