import { z } from 'zod';

import type { Keys } from '../redis/keys.js';
import { pipelineOf } from '../redis/pipelineOf.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { HEARTBEAT_TTL_MS } from './Heartbeat.js';
import { formatsSchema } from './release.js';

const json = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('not JSON');
      return z.NEVER;
    }
  });
const figures = json.pipe(z.record(z.string(), z.number()));

const heartbeatSchema = z.object({
  role: z.string(),
  host: z.string(),
  pid: z.coerce.number(),
  startedAt: z.coerce.number(),
  // Of what the process runs; a release that does not say it was before these were.
  version: z.string().max(40).default('unknown'),
  bullmq: z.string().max(40).default('unknown'),
  formats: json.pipe(formatsSchema).optional(),
  rss: z.coerce.number(),
  heapUsed: z.coerce.number(),
  figures,
  before: figures,
  spanMs: z.coerce.number(),
});

/** One role of one process, as of its last beat. */
export interface HeartbeatReading extends z.output<typeof heartbeatSchema> {
  readonly id: string;
  /** ms since the last beat, by the clock of Redis. */
  readonly ageMs: number;
}

/** Every role that beat within the last 15 s. Removes from the index what has expired. */
export async function readHeartbeats(redis: RedisClient, keys: Keys): Promise<HeartbeatReading[]> {
  const index = keys.heartbeats;
  const ids = await redis.smembers(index);
  if (ids.length === 0) return [];
  const pipeline = pipelineOf(redis);
  for (const id of ids) pipeline.hgetall(keys.heartbeat(id)).pttl(keys.heartbeat(id));
  const replies = (await pipeline.exec()) ?? [];

  const readings: HeartbeatReading[] = [];
  const gone: string[] = [];
  for (const [place, id] of ids.entries()) {
    const [error, fields] = replies[place * 2] ?? [];
    if (error) throw error;
    const parsed = heartbeatSchema.safeParse(fields);
    if (parsed.success) {
      const ttl = Number(replies[place * 2 + 1]?.[1] ?? 0);
      readings.push({ ...parsed.data, id, ageMs: Math.max(0, HEARTBEAT_TTL_MS - Math.max(0, ttl)) });
    } else gone.push(id);
  }
  if (gone.length > 0) await redis.srem(index, ...gone);
  return readings.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
}

/** Change of a counter per second over the last beats; 0 before the second beat. */
export function rateOf({ figures: now, before, spanMs }: HeartbeatReading, name: string): number {
  if (spanMs <= 0) return 0;
  return (Math.max(0, (now[name] ?? 0) - (before[name] ?? 0)) / spanMs) * 1000;
}
