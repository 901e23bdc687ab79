import type { SandboxedJob } from 'bullmq';
import { Redis } from 'ioredis';

import { naiveNames, type NaiveEvent, type NaiveResult } from './naiveNames.js';

let redis: Redis | undefined;

/** Stores one event in one round trip. */
export default async function persistNaiveEvent(job: SandboxedJob<NaiveEvent, NaiveResult>): Promise<NaiveResult> {
  redis ??= new Redis(process.env['REDIS_URL'] ?? '', { protocol: 2, maxRetriesPerRequest: null });
  const { id, type, userId, timestamp } = job.data;
  await redis
    .pipeline()
    .hset(naiveNames.events(type), id, JSON.stringify(job.data))
    .zadd(naiveNames.times(type), timestamp, id)
    .exec();
  return { id, type, userId };
}
