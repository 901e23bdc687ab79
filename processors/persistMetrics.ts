import type { BatchResult } from '../queues/jobs.js';
import { jobFailure } from '../src/ingestion/jobFailure.js';
import { processorContext } from '../src/ingestion/processorContext.js';
import { unlessAborted } from '../src/ingestion/unlessAborted.js';
import type { ChildJob } from '../src/processing/children/messages.js';

/** Stores one batch of metric samples. Safe to run again: what is stored is left alone. */
export default async function persistMetrics(job: ChildJob, _token: string | undefined, signal: AbortSignal): Promise<BatchResult> {
  try {
    const { ingestion } = await processorContext();
    return await unlessAborted(ingestion.metrics(job.id, job.data), signal);
  } catch (error) {
    throw jobFailure(error);
  }
}
