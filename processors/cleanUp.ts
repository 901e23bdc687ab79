import type { SandboxedJob } from 'bullmq';

import { jobs } from '../queues/jobs.js';
import { jobFailure } from '../src/ingestion/jobFailure.js';
import { processorContext } from '../src/ingestion/processorContext.js';
import { cleanUp, cleanupLimits } from '../src/retention/cleanUp.js';
import type { CleanupReport } from '../src/retention/cleanupStatus.js';

/** Removes what is older than its retention. Safe to run again: what is gone is left alone. */
export default async function cleanUpJob(job: SandboxedJob): Promise<CleanupReport> {
  try {
    jobs.maintenance.payload.parse(job.data);
    const { redis, keys, config } = await processorContext();
    return await cleanUp({ redis, keys }, cleanupLimits(config));
  } catch (error) {
    throw jobFailure(error);
  }
}
