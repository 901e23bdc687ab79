import { openEventBatch } from '../../../src/ingestion/openEventBatch.js';
import type { Scene } from '../scene/Scene.js';
import type { Findings } from './Findings.js';

/** What the events of failed jobs are called. No fault of the harness may fail a good job, so each is a finding too. */
export async function failedOps({ queues, keyRing }: Scene, findings: Findings): Promise<Set<string>> {
  const ops = new Set<string>();
  for (const job of await queues.metrics.getFailed()) findings.add('failedJobs', `metrics ${job.id}`, `${job.failedReason} after ${job.attemptsStarted} starts`);
  for (const job of await queues.events.getFailed()) {
    findings.add('failedJobs', `events ${job.id}`, `${job.failedReason} after ${job.attemptsStarted} starts`);
    for (const { rows } of await openEventBatch(job.id!, job.data, keyRing)) {
      for (const json of rows.properties) ops.add(String((JSON.parse(json) as { op?: unknown }).op)); // a producer's properties are an object
    }
  }
  return ops;
}
