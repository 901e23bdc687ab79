import type { AnalyticsError } from '../errors/AnalyticsError.js';
import { removeRetiredChunks } from '../retention/removeRetiredChunks.js';
import { EventReader } from '../storage/EventReader.js';
import { collecting } from './collecting.js';
import { mergeGroup } from './mergeGroup.js';
import type { MergeRun } from './MergeRun.js';
import { addToReport, type MergeReport } from './mergeStatus.js';
import { candidatesOf, planMerge } from './planMerge.js';
import { sizesOf } from './sizesOf.js';
import { smallChunksByHour } from './smallChunksByHour.js';

const MOST_ROUNDS = 3;

/** Hours to be looked at, of one type each. */
interface HourOfType {
  readonly type: string;
  readonly hour: number;
}

/**
 * Merges the small chunks of all event types, oldest hours first, and removes those that earlier merges replaced. Safe to
 * run again, beside writers, readers, the clean-up and other merges: every swap is done whole or not at all.
 *
 * @throws AnalyticsError for a chunk that does not open or a key that holds something else, after all others were merged;
 *   whatever Redis answers otherwise
 */
export async function mergeEvents(run: MergeRun, report: MergeReport): Promise<void> {
  const { redis, keys, secrets } = run;
  // A chunk is read once, so keeping it would only cost memory.
  const reader = new EventReader({ redis, keys, secrets, cacheBytes: 0 });
  const faults: AnalyticsError[] = [];
  const due: HourOfType[] = [];
  for (const type of await redis.hkeys(keys.eventCatalogue)) {
    await collecting(faults, async () => {
      report.removed += await removeRetiredChunks({ redis, throwIfAborted: () => {} }, keys.event(type), run.now() - run.graceMs);
      for (const [hour, count] of await smallChunksByHour(redis, keys.event(type))) if (count > 1) due.push({ type, hour });
    });
  }
  due.sort((one, other) => one.hour - other.hour);
  for (const { type, hour } of due) {
    await collecting(faults, async () => mergeHour(run, reader, type, hour, report));
    if (!report.isComplete) break;
  }
  if (faults[0] !== undefined) throw faults[0];
}

/**
 * Merges what is due in one hour. What many small chunks became may be merged once more, as one swap replaces no more than
 * 600: an hour of an event a second goes from 3,600 chunks to 6, and from 6 to 2.
 */
async function mergeHour(run: MergeRun, reader: EventReader, type: string, hour: number, report: MergeReport): Promise<void> {
  let swaps = 0;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const entries = candidatesOf(hour, await reader.hour(type, hour), run.now());
    const sizes = await sizesOf(run.redis, run.keys.event(type), entries);
    const groups = planMerge(entries.map((entry, place) => ({ entry, bytes: sizes[place]! })));
    if (groups.length === 0) break;
    for (const group of groups) {
      if (run.isLate()) {
        report.isComplete = false;
        return;
      }
      const swapped = await mergeGroup(run, reader, type, hour, group);
      if (swapped === undefined) continue;
      addToReport(report, swapped);
      if (swaps === 0) report.hours += 1;
      swaps += 1;
    }
  }
}
