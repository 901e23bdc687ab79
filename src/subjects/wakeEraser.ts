import type { Queue } from 'bullmq';

import { jobs } from '../../queues/jobs.js';

/** Has a worker look for erasures that are not done, now and not at its next turn. */
export async function wakeEraser(maintenance: Queue): Promise<void> {
  const { erase } = jobs.maintenance;
  await maintenance.add(erase.name, { v: 1 });
}
