import type { AnalyticsError } from '../errors/AnalyticsError.js';
import { removeRetiredChunks } from '../retention/removeRetiredChunks.js';
import { EventReader } from '../storage/EventReader.js';
import { collecting } from './collecting.js';
import { mergeHour } from './mergeHour.js';
import type { MergeRun } from './MergeRun.js';
import type { MergeReport } from './mergeStatus.js';
import { smallChunksByHour } from './smallChunksByHour.js';

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
      report.removed += await removeRetiredChunks({ redis, dataKeys: secrets.dataKeys, throwIfAborted: () => {} }, keys.event(type), run.now() - run.graceMs);
      for (const [hour, count] of await smallChunksByHour(redis, keys.event(type))) if (count > 1) due.push({ type, hour });
    });
  }
  due.sort((one, other) => one.hour - other.hour);
  for (const { type, hour } of due) {
    if (!report.isComplete) break;
    await collecting(faults, async () => mergeHour({ run, reader, report, faults }, type, hour));
  }
  if (faults[0] !== undefined) throw faults[0];
}
