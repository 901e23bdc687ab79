import type { CleanupRun } from './CleanupRun.js';
import { runStep } from './runStep.js';

/** Entries of one step. They are read to find the cut, with the users in them: up to 16 kB an entry at the largest batch. */
const STEP = 100;
/**
 * Entries that one feed may have, whatever their age: one entry is a chunk, 150 to 550 bytes with the users in it. A type
 * that stores 10 chunks a second fills it in 7 hours; readers that are further behind are told that they missed some.
 */
export const MOST_FEED_ENTRIES = 250_000;

/** Takes off the head of a type's feed what is older than the feed's window or too much. */
export async function trimFeed(run: CleanupRun, type: string, feedHours: number, mostEntries: number): Promise<number> {
  const oldestKept = run.now - feedHours * 3_600_000;
  let removed = 0;
  for (;;) {
    run.throwIfAborted();
    const [entries = 0] =
      (await runStep(run.redis, 'trimFeed', { keys: [run.keys.event(type).feed], args: [Math.floor(oldestKept), mostEntries, STEP] })) ?? [];
    removed += entries;
    if (entries < STEP) return removed;
  }
}
