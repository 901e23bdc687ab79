import { AnalyticsError } from '../errors/AnalyticsError.js';
import { HOUR_MS } from '../codec/hours.js';
import type { ChunkIndexEntry } from '../storage/ChunkIndexEntry.js';
import type { EventReader } from '../storage/EventReader.js';
import { mergeGroup } from './mergeGroup.js';
import type { MergeRun } from './MergeRun.js';
import { addToReport, type MergeReport } from './mergeStatus.js';
import { candidatesOf, planMerge, type MergeCandidate } from './planMerge.js';
import { sizesOf } from './sizesOf.js';

/** Chunks that are looked at together, the oldest first: 5 MB. An hour may have a million of them. */
const MOST_CHUNKS = 20_000;

/** One merge, as far as it has come. */
export interface MergeProgress {
  readonly run: MergeRun;
  readonly reader: EventReader;
  readonly report: MergeReport;
  readonly faults: AnalyticsError[];
}

/**
 * Merges what is due in one hour of a type, until nothing is. What many small chunks became may be merged once more, as one
 * swap replaces no more than 400: an hour of an event a second goes from 3,600 chunks to 9, and from 9 to 2.
 */
export async function mergeHour(progress: MergeProgress, type: string, hour: number): Promise<void> {
  const { run, reader, report } = progress;
  let swaps = 0;
  for (;;) {
    // No need for an index of one moment: a swap looks whether its chunks are still there.
    const entries = candidatesOf(hour, await oldestChunks(reader, type, hour), run.now());
    const sizes = await sizesOf(run.redis, run.keys.event(type), entries);
    const groups = planMerge(entries.map((entry, place) => ({ entry, bytes: sizes[place]! })));
    const done = await mergeGroups(progress, type, hour, groups);
    if (swaps === 0 && done > 0) report.hours += 1;
    swaps += done;
    if (done === 0 || !report.isComplete) return;
  }
}

async function oldestChunks(reader: EventReader, type: string, hour: number): Promise<ChunkIndexEntry[]> {
  const start = hour * HOUR_MS;
  const entries: ChunkIndexEntry[] = [];
  for await (const entry of reader.index(type, { from: start, to: start + HOUR_MS - 1, order: 'asc' })) {
    if (entries.push(entry) === MOST_CHUNKS) break;
  }
  return entries;
}

/** @returns how many swaps were done */
async function mergeGroups({ run, reader, report, faults }: MergeProgress, type: string, hour: number, groups: readonly MergeCandidate[][]): Promise<number> {
  let swaps = 0;
  const left = groups.toReversed();
  for (let group = left.pop(); group !== undefined; group = left.pop()) {
    if (run.isLate()) {
      report.isComplete = false;
      break;
    }
    try {
      const swapped = await mergeGroup(run, reader, type, hour, group);
      if (swapped === undefined) continue;
      addToReport(report, swapped);
      swaps += 1;
    } catch (error) {
      if (!(error instanceof AnalyticsError)) throw error;
      faults.push(error);
      // A spoilt chunk must not keep its neighbours from being merged with each other.
      const half = group.length >> 1;
      left.push(...[group.slice(half), group.slice(0, half)].filter((part) => part.length > 1));
    }
  }
  return swaps;
}
