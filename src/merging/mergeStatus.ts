import { z } from 'zod';

import { readLastRun, writeLastRun, type LastRun } from '../monitoring/lastRun.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

/** What one merge did. */
export const mergeReportSchema = z.object({
  /** Hours of event types in which chunks were merged. */
  hours: z.number(),
  /** Chunks that were replaced, and those that replaced them. */
  chunksIn: z.number(),
  chunksOut: z.number(),
  /** Events in them. */
  events: z.number(),
  /** The same of metrics. */
  metricHours: z.number(),
  samples: z.number(),
  /** Hours of metrics whose rollups were made anew. */
  rollups: z.number(),
  /** Bytes of these chunks and their keys; what Redis adds to each field is apart. */
  bytesBefore: z.number(),
  bytesAfter: z.number(),
  /** Replaced chunks, of earlier merges, that no query can need any more and that were removed. */
  removed: z.number(),
  /** False when time was up; the next merge goes on. */
  isComplete: z.boolean(),
});
export type MergeReport = z.output<typeof mergeReportSchema>;

export function emptyReport(): MergeReport {
  return { hours: 0, chunksIn: 0, chunksOut: 0, events: 0, metricHours: 0, samples: 0, rollups: 0, bytesBefore: 0, bytesAfter: 0, removed: 0, isComplete: true };
}

/** What one swap changed. */
export type SwapReport = Pick<MergeReport, 'chunksIn' | 'chunksOut' | 'bytesBefore' | 'bytesAfter'> & Partial<Pick<MergeReport, 'events' | 'samples'>>;

export function addToReport(report: MergeReport, swapped: SwapReport): void {
  report.chunksIn += swapped.chunksIn;
  report.chunksOut += swapped.chunksOut;
  report.events += swapped.events ?? 0;
  report.samples += swapped.samples ?? 0;
  report.bytesBefore += swapped.bytesBefore;
  report.bytesAfter += swapped.bytesAfter;
}

/** Adds what one part of a merge did to the whole. */
export function addPart(report: MergeReport, part: MergeReport): void {
  for (const [name, value] of Object.entries(part)) {
    if (typeof value === 'number') report[name as CountName] += value; // the numbers of a report are its counts
  }
  report.isComplete &&= part.isComplete;
}
type CountName = Exclude<keyof MergeReport, 'isComplete'>;

/** The last merge that ran to its end, or until its time was up. */
export type MergeStatus = LastRun<MergeReport>;

/** The last merge that finished, or undefined if none ever did. */
export async function readMergeStatus(redis: RedisClient, keys: Keys): Promise<MergeStatus | undefined> {
  return readLastRun(redis, keys.mergeStatus, mergeReportSchema);
}

export async function writeMergeStatus(redis: RedisClient, keys: Keys, status: MergeStatus): Promise<void> {
  await writeLastRun(redis, keys.mergeStatus, status);
}
