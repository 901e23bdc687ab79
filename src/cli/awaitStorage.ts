import { setTimeout as sleep } from 'node:timers/promises';

import type { PipelineWatch } from './watchPipeline.js';

const READ_EVERY_MS = 100;
const HINT_AFTER_MS = 3000;
/** Others may keep the queues busy: once as many events were stored as were sent, this is waited and no more. */
const BUSY_MS = 2000;
/** How long nothing may move before the replay gives up. */
export const PATIENCE_MS = 60_000;

export interface AwaitOptions {
  readonly onProgress: (stored: number) => void;
  /** Called once when jobs wait and no worker is connected. */
  readonly onNoWorker: () => void;
  /** Default: 60 s. */
  readonly patienceMs?: number;
}

/** How the wait ended. `stuck`: jobs are left and nothing has moved for a minute. */
export type StorageEnd = 'done' | 'stuck';

/** Waits until the workers have no job left, or, where others keep them busy, have stored as many events as were sent. */
export async function awaitStorage(
  watch: PipelineWatch,
  events: number,
  { onProgress, onNoWorker, patienceMs = PATIENCE_MS }: AwaitOptions,
): Promise<StorageEnd> {
  const started = performance.now();
  let movedAt = started;
  let last = '';
  let storedAt = Infinity;
  let isHinted = false;
  for (;;) {
    const { stored, unfinished, workers } = await watch.read();
    onProgress(Math.min(stored, events));
    if (unfinished === 0) return 'done';
    const now = performance.now();
    const state = `${stored} ${unfinished}`;
    if (state !== last) movedAt = now;
    last = state;
    if (stored >= events) storedAt = Math.min(storedAt, now);
    if (now - storedAt > BUSY_MS) return 'done';
    if (now - movedAt > patienceMs) return 'stuck';
    if (workers === 0 && !isHinted && now - started > HINT_AFTER_MS) {
      isHinted = true;
      onNoWorker();
    }
    await sleep(READ_EVERY_MS);
  }
}
