import { z } from 'zod';

import { readLastRun, writeLastRun, type LastRun } from '../monitoring/lastRun.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

const positionSchema = z.object({
  /** Kind and name of the series that comes next; those before it are done. */
  series: z.string(),
  /** Chunks of it that end before this time are done, ms; null for none. */
  from: z.number().nullable(),
});
export type ScrubPosition = z.output<typeof positionSchema>;

const reportSchema = z.object({
  /** When this round through the store began, ms since 1970. */
  beganAt: z.number(),
  /** Where it goes on; null when the round is done. */
  position: positionSchema.nullable(),
  /** Chunks and rollups that were opened in this round, and bytes of them. */
  chunks: z.number(),
  bytes: z.number(),
  /** What does not open, found in this round so far. */
  found: z.number(),
});
export type ScrubReport = z.output<typeof reportSchema>;

export async function readScrubStatus(redis: RedisClient, keys: Keys): Promise<LastRun<ScrubReport> | undefined> {
  return readLastRun(redis, keys.scrubStatus, reportSchema);
}

export async function writeScrubStatus(redis: RedisClient, keys: Keys, status: LastRun<ScrubReport>): Promise<void> {
  await writeLastRun(redis, keys.scrubStatus, status);
}

const findingSchema = z.object({
  /** Of the error that opening it met, or `MISSING`: it is in the index and nowhere else. */
  code: z.string(),
  hour: z.number(),
  foundAt: z.number(),
});

/** A chunk or rollup that does not open. */
export interface ScrubFinding extends z.output<typeof findingSchema> {
  /** Kind and name of its series, as they stand in keys. */
  readonly series: string;
  /** Hex. */
  readonly chunkId: string;
}

export async function readScrubFindings(redis: RedisClient, keys: Keys): Promise<ScrubFinding[]> {
  return Object.entries(await redis.hgetall(keys.scrubFindings)).flatMap(([field, text]) => {
    const at = field.lastIndexOf('|');
    const parsed = findingSchema.safeParse(JSON.parse(text));
    return parsed.success ? [{ series: field.slice(0, at), chunkId: field.slice(at + 1), ...parsed.data }] : [];
  });
}

export async function noteFinding(redis: RedisClient, keys: Keys, { series, chunkId, ...finding }: ScrubFinding): Promise<void> {
  await redis.hset(keys.scrubFindings, `${series}|${chunkId}`, JSON.stringify(finding));
}
