import type { Job } from 'bullmq';

import { openEventBatch } from '../../../src/ingestion/openEventBatch.js';
import type { Scene } from '../scene/Scene.js';
import type { Findings } from './Findings.js';

/**
 * What the events of jobs are called that are kept, and not stored. They are not lost; but no fault of the harness may fail
 * a good job or leave one lying, so each job is a finding too.
 */
export async function keptOps({ queues, keyRing }: Scene, findings: Findings): Promise<Set<string>> {
  const ops = new Set<string>();
  for (const [title, queue] of [['metrics', queues.metrics], ['events', queues.events]] as const) {
    const failed = await queue.getFailed();
    const left = await queue.getJobs(['wait', 'prioritized', 'active', 'delayed']);
    for (const job of failed) findings.add('failedJobs', `${title} ${job.id}`, `${job.failedReason} after ${job.attemptsStarted} starts`);
    for (const job of left) findings.add('hung', `${title} ${job.id}`, await describe(job));
    if (title === 'metrics') continue;
    for (const job of [...failed, ...left]) {
      for (const { rows } of await openEventBatch(job.id!, job.data, keyRing)) {
        for (const json of rows.properties) ops.add(String((JSON.parse(json) as { op?: unknown }).op)); // a producer's properties are an object
      }
    }
  }
  return ops;
}

async function describe(job: Job): Promise<string> {
  const state = await job.getState();
  const dueIn = state === 'delayed' ? `, due in ${Math.round((job.timestamp + job.delay - Date.now()) / 1000)} s` : '';
  return `it is ${state} after ${job.attemptsStarted} starts${dueIn}`;
}
