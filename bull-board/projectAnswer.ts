import { z } from 'zod';

import { queueTitles } from '../queues/names.js';
import { jobId, jobName, projectJob, schedulerId } from './projectJob.js';

const job = z.unknown().transform(projectJob);
const title = z.enum(queueTitles);
const word = z.string().regex(/^[\w:.-]{1,128}$/);
const maybe = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().catch(undefined);

const queue = z.object({
  name: title,
  statuses: z.array(word),
  counts: z.record(word, z.number()),
  jobs: z.array(job),
  pagination: z.object({ pageCount: z.number(), range: z.object({ start: z.number(), end: z.number() }) }),
  readOnlyMode: z.boolean(),
  allowRetries: z.boolean(),
  allowCompletedRetries: z.boolean(),
  isPaused: z.boolean(),
  type: word,
  delimiter: z.literal(''),
  globalConcurrency: maybe(z.number()),
  activeRateLimitTtl: maybe(z.number()),
  supportsGlobalRateLimit: z.boolean(),
  jobSchedulerCount: maybe(z.number()),
  hasWorkers: maybe(z.boolean()),
});

const scheduler = z.object({
  queueName: title,
  id: schedulerId,
  name: jobName,
  every: maybe(z.number()),
  next: maybe(z.number()),
  iterationCount: maybe(z.number()),
  lastRun: maybe(z.number()),
  nextRunJobId: maybe(jobId),
  lastRunJobId: maybe(jobId),
});

const counter = z
  .object({
    meta: z.object({ count: z.number(), prevTS: z.number(), prevCount: z.number() }),
    data: z.array(z.number()),
    count: z.number(),
  })
  .nullable();

const nothing = z.unknown().transform(() => ({}));

/**
 * Every route of Bull Board that may answer, and what of its answer goes out: what is not listed is left out. A route
 * that is not here, such as one that a new version adds, says nothing.
 */
const shown: Readonly<Record<string, z.ZodType<object>>> = {
  'get /api/queues': z.object({ queues: z.array(queue) }),
  'get /api/job-schedulers': z.object({ schedulers: z.array(scheduler) }),
  'get /api/queues/:queueName/:jobId': z.object({ job, status: word }),
  'get /api/queues/:queueName/:jobId/logs': z.unknown().transform(() => []),
  'get /api/queues/:queueName/:jobId/flow': z.unknown().transform(() => ({ flowRoot: null, isFlowNode: false })),
  'get /api/queues/:queueName/metrics': z.object({ completed: counter, failed: counter }),
  'get /api/queues/:queueName/default-job-options': nothing,
  'get /api/queues/:queueName/job-data-schema': nothing,
  'get /api/queues/:queueName/rate-limit': z.object({
    supported: z.boolean(),
    rateLimit: z.object({ max: z.number(), duration: z.number() }).nullable(),
  }),
  'get /api/queues/:queueName/workers': z.object({
    workers: z.array(z.object({ id: word, name: z.unknown().transform(() => null), addr: z.unknown().transform(() => ''), age: z.number() })).nullable(),
  }),
  'put /api/queues/:queueName/retry/:queueStatus': z.object({ retried: z.number(), skipped: z.number() }),
  'put /api/queues/:queueName/promote': nothing,
  'put /api/queues/:queueName/:jobId/retry': nothing,
  'put /api/queues/:queueName/:jobId/promote': nothing,
};

const refusal = z.object({ error: z.object({ key: z.string().regex(/^[A-Z_]+\.[A-Z_]+$/) }) });

/** Whether this route may be asked at all, whoever asks. */
export function isShown(method: string, route: string): boolean {
  return Object.hasOwn(shown, `${method} ${route}`);
}

/** What of an answer goes out. @throws ZodError when it is not what it has to be: nothing goes out then */
export function projectAnswer(method: string, route: string, status: number, body: unknown): object {
  if (status >= 400) return refusal.parse(body);
  return (shown[`${method} ${route}`] ?? nothing).parse(body);
}
