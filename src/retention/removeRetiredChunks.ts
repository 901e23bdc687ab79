import type { SeriesKeys } from '../redis/keys.js';
import type { CleanupRun } from './CleanupRun.js';
import { runRemoval } from './runStep.js';

/** How long chunks that were merged into others stay readable: no query holds an index that long. */
export const RETIRED_GRACE_MS = 10 * 60_000;
/** Chunks of one step: about 0.5 ms of Redis at 500 bytes each. */
const STEP = 200;

/** Removes the chunks of one series that were replaced at `limit` (ms since 1970) or before. */
export async function removeRetiredChunks(run: Pick<CleanupRun, 'redis' | 'dataKeys' | 'throwIfAborted'>, keys: SeriesKeys, limit: number): Promise<number> {
  let removed = 0;
  for (;;) {
    run.throwIfAborted();
    const [entries = 0, chunks = 0] = await runRemoval(run, keys, 'removeRetiredChunks', {
      keys: [keys.chunks, keys.time, keys.dataKeys, keys.retired],
      args: [Math.floor(limit), STEP],
    });
    removed += chunks;
    if (entries < STEP) return removed;
  }
}
