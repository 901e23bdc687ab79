import type { Worker } from 'bullmq';

/** What a forced close may take: it has nothing to wait for but connections. */
const FORCED_MS = 1000;

/**
 * Closes a worker: it takes no more and finishes what it has, for `ms` at most; then it lets go. A job that is let go runs
 * again elsewhere. BullMQ's own close waits for ever for a child that was killed while it started, or for Redis.
 */
export async function closeWorker(worker: Worker, ms: number): Promise<void> {
  const isClosed = await Promise.race([worker.close().then(() => true), after(ms)]);
  if (!isClosed) await Promise.race([worker.close(true), after(FORCED_MS)]);
}

function after(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, ms, false).unref());
}
