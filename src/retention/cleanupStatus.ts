import { z } from 'zod';

import { readLastRun, writeLastRun, type LastRun } from '../monitoring/lastRun.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

/** What one clean-up removed, by kind. */
export const cleanupReportSchema = z.object({
  /** Event chunks that were wholly expired, and the events in them. */
  eventChunks: z.number(),
  events: z.number(),
  /** The same of metrics. */
  metricChunks: z.number(),
  samples: z.number(),
  /** Rollups of metrics, by period and tier. */
  rollups: z.number(),
  /** Ids of events and batches that no longer need to be remembered. */
  seenMarks: z.number(),
  /** Entries of feeds, removed for their age or because a feed was too long. */
  feedEntries: z.number(),
  /** Sealed tag sets of series that have no samples left. */
  tagSets: z.number(),
  /** Metrics that have no samples left and were taken off the list. */
  metrics: z.number(),
  /** Data keys in a key store of their own whose chunks are not there. */
  orphanKeys: z.number().default(0),
});
export type CleanupReport = Readonly<z.output<typeof cleanupReportSchema>>;

/** The last clean-up that ran to its end. */
export type CleanupStatus = LastRun<CleanupReport>;

/** The last clean-up that finished, or undefined if none ever did. */
export async function readCleanupStatus(redis: RedisClient, keys: Keys): Promise<CleanupStatus | undefined> {
  return readLastRun(redis, keys.cleanupStatus, cleanupReportSchema);
}

export async function writeCleanupStatus(redis: RedisClient, keys: Keys, status: CleanupStatus): Promise<void> {
  await writeLastRun(redis, keys.cleanupStatus, status);
}
