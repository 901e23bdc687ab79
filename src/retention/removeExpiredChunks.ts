import type { SeriesKeys } from '../redis/keys.js';
import type { CleanupRun } from './CleanupRun.js';
import { runRemoval } from './runStep.js';

/** Fields of one step, a small chunk being one and a merged one as many as it has blocks: about 0.5 ms of Redis at 3 kB each. */
const STEP = 100;

/**
 * Removes the wholly expired chunks of one series, and takes them off the counts of their hours. A chunk that is partly
 * expired stays until all of it is; queries hide what is expired in it.
 */
export async function removeExpiredChunks(run: CleanupRun, keys: SeriesKeys, oldestKept: number): Promise<{ chunks: number; rows: number }> {
  let chunks = 0;
  let rows = 0;
  for (;;) {
    run.throwIfAborted();
    const [more = 0, removed = 0, held = 0] = await runRemoval(run, keys, 'removeExpiredChunks', {
      keys: [keys.chunks, keys.time, keys.dataKeys, keys.counts],
      args: [Math.floor(oldestKept), STEP],
    });
    chunks += removed;
    rows += held;
    if (more === 0) return { chunks, rows };
  }
}
