import type { BatchResult } from '../../queues/jobs.js';
import { createIngestion } from '../../src/ingestion/createIngestion.js';
import type { EventFixture, Job } from '../queries/eventFixture.js';

/** A worker's ingestion: what it knows of erasures it keeps from job to job. */
export function worker({ redis, keys, keyRing }: EventFixture): (job: Job) => Promise<BatchResult> {
  const ingestion = createIngestion({ redis, keys, keyRing, retentionDays: () => Infinity, metricRetentionDays: Infinity, seriesLimit: 100 });
  return (job) => ingestion.events(job.id, job.payload);
}
