import { z } from 'zod';

import { readLastRun, writeLastRun, type LastRun } from '../monitoring/lastRun.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

const reportSchema = z.object({
  /** `rotate` wraps data keys and seals fields anew; `reencrypt` also writes chunks and rollups anew under new data keys. */
  work: z.enum(['rotate', 'reencrypt']),
  /** Data keys looked at, and those that were wrapped anew. */
  dataKeys: z.number(),
  rewrapped: z.number(),
  /** The same of sealed fields: names of metrics, tags of series. */
  fields: z.number(),
  resealed: z.number(),
  /** Chunks and rollups that were written anew under new data keys. */
  reencrypted: z.number(),
  /** What could not be opened, for want of its key or because it was changed. It was left as it is. */
  failed: z.number(),
  isComplete: z.boolean(),
});
export type RekeyReport = z.output<typeof reportSchema>;
export type RekeyWork = RekeyReport['work'];

export function emptyRekeyReport(work: RekeyWork): RekeyReport {
  return { work, dataKeys: 0, rewrapped: 0, fields: 0, resealed: 0, reencrypted: 0, failed: 0, isComplete: true };
}

/** The last rotation, or the one that runs: as far as it has come. */
export async function readRekeyStatus(redis: RedisClient, keys: Keys): Promise<LastRun<RekeyReport> | undefined> {
  return readLastRun(redis, keys.rekeyStatus, reportSchema);
}

export async function writeRekeyStatus(redis: RedisClient, keys: Keys, status: LastRun<RekeyReport>): Promise<void> {
  await writeLastRun(redis, keys.rekeyStatus, status);
}
