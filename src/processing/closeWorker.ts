import type { Worker } from 'bullmq';

import { SupervisedWorker } from './SupervisedWorker.js';

/** What is kept of the time for what comes after jobs were given up: to put them back, and to let go of connections. */
const LAST_MS = 1000;

/**
 * Closes a worker: it takes no more and finishes what it has, for `ms` at most; then it lets go. A job that is let go runs
 * again elsewhere. BullMQ's own close waits for ever for Redis, and for a job that does not end.
 */
export async function closeWorker(worker: Worker, ms: number): Promise<void> {
  const last = Math.min(LAST_MS, ms / 2);
  const closed = worker.close().then(() => true);
  const children = worker instanceof SupervisedWorker ? worker.children : undefined;
  if (!(await Promise.race([closed, after(ms - last)]))) {
    children?.kill();
    if (!(await Promise.race([closed, after(last)]))) await Promise.race([worker.disconnect(), after(last)]);
  }
  await children?.end();
}

function after(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, ms, false).unref());
}
