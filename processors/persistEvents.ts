import type { BatchResult } from '../queues/jobs.js';
import { jobFailure } from '../src/ingestion/jobFailure.js';
import { processorContext } from '../src/ingestion/processorContext.js';
import { unlessAborted } from '../src/ingestion/unlessAborted.js';
import type { ChildJob } from '../src/processing/children/messages.js';

/** Stores one batch of events. Safe to run again: what is stored is left alone. */
export default async function persistEvents(job: ChildJob, _token: string | undefined, signal: AbortSignal): Promise<BatchResult> {
  try {
    const { ingestion } = await processorContext();
    return await unlessAborted(ingestion.events(job.id, job.data), signal);
  } catch (error) {
    throw jobFailure(error);
  }
}
