import { randomUUID } from 'node:crypto';

import { Worker } from 'bullmq';

import type { BatchResult } from '../../queues/jobs.js';
import type { QueuePlace } from '../../queues/names.js';
import { jobFailure } from '../ingestion/jobFailure.js';
import type { RedisClient } from '../redis/RedisClient.js';

export interface ProcessWaitingOptions {
  readonly place: QueuePlace;
  /** A patient connection: a job that was taken has to be finished. */
  readonly connection: RedisClient;
  readonly process: (jobId: string, data: unknown) => Promise<BatchResult>;
  /** Takes no further job once this many events or samples were met. */
  readonly limit: number;
  readonly onError: (error: Error) => void;
}

/** A job taken by hand has no renewed lock: it has this long, in ms, before another worker may take it too. */
const LOCK_MS = 30_000;

/**
 * Works off what is waiting in one queue, in this process, through the same functions as the sandboxed processors.
 * A job that fails goes back to be tried again, as with a worker.
 *
 * @returns how many events or samples were met
 */
export async function processWaiting({ place, connection, process, limit, onError }: ProcessWaitingOptions): Promise<number> {
  const worker = new Worker(place.name, undefined, {
    connection,
    prefix: place.prefix,
    autorun: false,
    lockDuration: LOCK_MS,
    skipVersionCheck: true,
  });
  worker.on('error', onError);
  try {
    const token = randomUUID();
    let met = 0;
    while (met < limit) {
      const job = await worker.getNextJob(token, { block: false });
      if (job === undefined) break;
      try {
        const result = await process(job.id ?? '', job.data);
        met += result.stored + result.duplicates + result.expired + (result.erased ?? 0);
        await job.moveToCompleted(result, token, false);
      } catch (error) {
        await job.moveToFailed(jobFailure(error), token, false);
      }
    }
    return met;
  } finally {
    await worker.close();
  }
}
