import { z } from 'zod';

import { jobs } from '../queues/jobs.js';
import { failureCode } from '../src/deadletters/failureCode.js';

const count = z.number().optional().catch(undefined);
const { maintenance, ...batches } = jobs;
const names: string[] = [...new Set([...Object.values(batches), ...Object.values(maintenance)].map(({ name }) => name))];
/** Ids that our producers (UUIDs), BullMQ and its schedulers make; any other was put into Redis by somebody else. */
const idPattern = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{1,16}|repeat:[a-z]{1,32}:\d{1,16})$/;
const UNKNOWN = '(unknown)';

/** Whether it may be the id of a job of ours. */
export function isJobId(text: string): boolean {
  return idPattern.test(text);
}

export const jobId = z.string().regex(idPattern).catch(UNKNOWN);
export const jobName = z.enum(names).catch(UNKNOWN);
export const schedulerId = z.string().regex(/^[a-z]{1,32}$/).catch(UNKNOWN);

const contents = z.object({ n: count, c: z.string().optional().catch(undefined) }).catch({});

/** A job as Bull Board has it, of which only what is listed here goes on. */
const jobSchema = z.object({
  id: jobId,
  name: jobName,
  timestamp: z.number().catch(0),
  processedOn: z.number().nullish().catch(undefined),
  finishedOn: z.number().nullish().catch(undefined),
  attempts: z.number().catch(0),
  delay: count,
  priority: count,
  attemptsStarted: count,
  stalledCounter: count,
  isFailed: z.boolean().catch(false),
  failedReason: z.unknown(),
  data: contents,
  opts: z.object({ attempts: count, priority: count, delay: count }).catch({}),
});

/** What of a job is shown: times, counts, and words of ours. Never its contents, result, reason, trace or options. */
export function projectJob(given: unknown): object {
  const { data, failedReason, ...job } = jobSchema.parse(given);
  const reason = failureCode(failedReason);
  return {
    ...job,
    progress: 0,
    data: {
      ...(data.n === undefined ? {} : { items: data.n }),
      ...(data.c === undefined ? {} : { sealedBytes: Math.floor((data.c.length * 3) / 4) }),
    },
    returnValue: null,
    stacktrace: [],
    ...(reason === undefined ? {} : { failedReason: reason }),
  };
}
