import { z } from 'zod';

import type { RedisClient } from '../redis/RedisClient.js';

/** What is kept of the last run of a job that runs on a schedule. */
export interface LastRun<Report> {
  /** ms since the epoch. */
  readonly finishedAt: number;
  readonly durationMs: number;
  readonly report: Report;
}

const fieldsSchema = z.object({ finishedAt: z.coerce.number(), durationMs: z.coerce.number(), report: z.string() });

/** The last run that was written under `key`; undefined if none was, or nobody can read it. */
export async function readLastRun<Report>(redis: RedisClient, key: string, reportSchema: z.ZodType<Report>): Promise<LastRun<Report> | undefined> {
  const fields = fieldsSchema.safeParse(await redis.hgetall(key));
  if (!fields.success) return undefined;
  const report = reportSchema.safeParse(parseJson(fields.data.report));
  return report.success ? { ...fields.data, report: report.data } : undefined;
}

export async function writeLastRun(redis: RedisClient, key: string, run: LastRun<object>): Promise<void> {
  await redis.hset(key, { ...run, report: JSON.stringify(run.report) });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
