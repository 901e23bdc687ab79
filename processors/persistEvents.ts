import type { SandboxedJob } from 'bullmq';

import type { BatchResult } from '../queues/jobs.js';
import { jobFailure } from '../src/ingestion/jobFailure.js';
import { processorContext } from '../src/ingestion/processorContext.js';

/** Stores one batch of events. Safe to run again: what is stored is left alone. */
export default async function persistEvents(job: SandboxedJob): Promise<BatchResult> {
  try {
    const { ingestion } = await processorContext();
    return await ingestion.events(job.id, job.data);
  } catch (error) {
    throw jobFailure(error);
  }
}
