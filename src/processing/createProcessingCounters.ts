import type { Worker } from 'bullmq';

import { batchResultSchema } from '../../queues/jobs.js';
import type { QueueTitle } from '../../queues/names.js';
import { CANARY_TYPE } from '../monitoring/canary/canaryType.js';
import type { ProcessingFigures } from '../monitoring/figures.js';

export interface JobFailure {
  readonly jobId: string | undefined;
  /** The code that the job failed with: see `jobFailure`. */
  readonly code: string;
  readonly attempt: number | undefined;
}

export interface ProcessingCounters {
  /** Counts what the worker does, and tells of each failed try. */
  watch(worker: Worker, title: QueueTitle, onFailure: (failure: JobFailure) => void): void;
  readonly figures: () => ProcessingFigures;
}

/** What a process's workers did, for its heartbeat. */
export function createProcessingCounters(): ProcessingCounters {
  const counts = { jobsCompleted: 0, jobsFailed: 0, eventsStored: 0, samplesStored: 0, duplicates: 0, expired: 0, processingMs: 0, canaries: 0 };
  const active = new Set<string>();
  return {
    figures: () => ({ ...counts, jobsActive: active.size }),
    watch(worker, title, onFailure) {
      worker.on('active', (job) => active.add(`${title} ${job.id}`));
      worker.on('completed', (job, value: unknown) => {
        active.delete(`${title} ${job.id}`);
        const result = batchResultSchema.safeParse(value);
        if (result.data?.types?.[0] === CANARY_TYPE) {
          counts.canaries += 1;
          return;
        }
        counts.jobsCompleted += 1;
        counts.processingMs += (job.finishedOn ?? 0) - (job.processedOn ?? 0);
        if (!result.success) return;
        counts[title === 'events' ? 'eventsStored' : 'samplesStored'] += result.data.stored;
        counts.duplicates += result.data.duplicates;
        counts.expired += result.data.expired;
      });
      worker.on('failed', (job, error) => {
        active.delete(`${title} ${job?.id}`);
        counts.jobsFailed += 1;
        // The message is one of ours, and still only its code goes on.
        const code = /^[A-Z_]+/.exec(error.message)?.[0] ?? 'JOB_FAILED';
        onFailure({ jobId: job?.id, code, attempt: job?.attemptsMade });
      });
    },
  };
}
