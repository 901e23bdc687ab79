import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Worker, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { schedules } from '../../queues/schedules.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { mergeAll } from '../../src/merging/mergeAll.js';
import { readMergeStatus } from '../../src/merging/mergeStatus.js';
import { createLogger } from '../../src/logging/createLogger.js';
import type { RunningRole, Runtime } from '../../src/processes/Runtime.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys, type Keys } from '../../src/redis/keys.js';
import { brokenSchedules } from '../../src/retention/brokenSchedules.js';
import { cleanUp, cleanupLimits } from '../../src/retention/cleanUp.js';
import { cleanupReportSchema, readCleanupStatus, writeCleanupStatus } from '../../src/retention/cleanupStatus.js';
import { startScheduling } from '../../src/retention/startScheduling.js';
import { restartSchedules, upsertSchedules } from '../../src/retention/upsertSchedules.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const DECLARED = { ANALYTICS_CLEANUP_INTERVAL: 3_600_000, ANALYTICS_MERGE_INTERVAL: 300_000, ANALYTICS_SCRUB_INTERVAL: 86_400_000 };
const ALL = schedules(DECLARED);
const NOTHING_REMOVED = { eventChunks: 0, events: 0, metricChunks: 0, samples: 0, rollups: 0, seenMarks: 0, feedEntries: 0, tagSets: 0, metrics: 0 };
const HOURLY = ALL.filter(({ id }) => id === 'cleanup');

let server: TestRedis;
let redis: Redis;
let keys: Keys;
let queue: Queue;
const secrets = (await keyRingFromMaster(randomBytes(32))).reading;
const roles: RunningRole[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'patient', 'test', () => undefined);
});
beforeEach(() => {
  keys = createKeys(`s${randomBytes(4).toString('hex')}:`);
  queue = createQueue(queuePlaces(keys).maintenance, redis);
});
afterEach(async () => {
  await Promise.all(roles.splice(0).map(async (role) => role.close()));
  await queue.close();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('It did not come true within 15 s.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function runtime(intervalMs: number): Promise<Runtime> {
  const config = parseConfig({ REDIS_URL: server.url, REDIS_PREFIX: keys.prefix, ANALYTICS_CLEANUP_INTERVAL: String(intervalMs), ANALYTICS_MERGE_INTERVAL: String(intervalMs), ANALYTICS_LOG_LEVEL: process.env['TEST_LOG'] ?? 'silent' });
  return { config, keys, logger: createLogger(config, 'main'), keyRing: await keyRingFromMaster(randomBytes(32)) };
}

async function start(intervalMs: number): Promise<void> {
  roles.push(await startScheduling(await runtime(intervalMs)));
}

/** A worker that does in this process what the sandboxed processor does. */
function work(): { readonly done: Readonly<Record<'cleanup' | 'merge', number>>; close(): Promise<void> } {
  const place = queuePlaces(keys).maintenance;
  const done = { cleanup: 0, merge: 0 };
  const worker = new Worker(
    place.name,
    async (job) => {
      done[job.name as keyof typeof done] += 1; // the two names that are declared
      if (job.name === 'merge') return mergeAll({ redis, keys, secrets });
      return cleanUp({ redis, keys }, cleanupLimits(parseConfig({})));
    },
    { connection: redis, prefix: place.prefix, skipVersionCheck: true },
  );
  return { done, close: async () => worker.close() };
}

const pending = async () => queue.getJobs(['wait', 'delayed', 'active', 'prioritized']);

describe('schedules', () => {
  it('are one chain however often, and by however many, they are declared', async () => {
    await Promise.all([1, 2, 3].map(async () => upsertSchedules(queue, HOURLY)));
    await upsertSchedules(queue, HOURLY);
    expect(await queue.getJobSchedulers()).toEqual([expect.objectContaining({ key: 'cleanup', every: 3_600_000 })]);
    expect(await pending()).toHaveLength(1);
    expect((await pending())[0]).toMatchObject({ name: 'cleanup', data: { v: 1 } });
  });

  it('are one for each job of the maintenance queue', async () => {
    await upsertSchedules(queue, ALL);
    const declared = (await queue.getJobSchedulers()).map(({ key, every, name }) => `${key} ${every} ${name}`);
    expect(declared.sort()).toEqual(['cleanup 3600000 cleanup', 'erase 60000 erase', 'merge 300000 merge', 'scrub 600000 scrub']);
    expect((await pending()).map(({ name }) => name).sort()).toEqual(['cleanup', 'erase', 'merge', 'scrub']);
  });

  it('are removed when they are no longer declared', async () => {
    await upsertSchedules(queue, [...HOURLY, { id: 'bygone', everyMs: 60_000, jobName: 'cleanup', data: { v: 1 } }]);
    expect(await queue.getJobSchedulers()).toHaveLength(2);
    await upsertSchedules(queue, HOURLY);
    expect((await queue.getJobSchedulers()).map(({ key }) => key)).toEqual(['cleanup']);
  });

  it('take a new interval at the next start', async () => {
    await upsertSchedules(queue, HOURLY);
    await upsertSchedules(queue, schedules({ ...DECLARED, ANALYTICS_CLEANUP_INTERVAL: 60_000 }).filter(({ id }) => id === 'cleanup'));
    expect(await queue.getJobSchedulers()).toEqual([expect.objectContaining({ key: 'cleanup', every: 60_000 })]);
    expect(await pending()).toHaveLength(1);
  });

  it('can begin anew when their chain is broken', async () => {
    await upsertSchedules(queue, HOURLY);
    await breakChain();
    await restartSchedules(queue, HOURLY);
    expect(await pending()).toHaveLength(1);
  });
});

describe('brokenSchedules', () => {
  it('are those whose next job is gone, and not those that are late', async () => {
    const fast = ALL.map((schedule) => ({ ...schedule, everyMs: 200 }));
    const begun = Date.now();
    await upsertSchedules(queue, fast);
    const place = queuePlaces(keys).maintenance;
    const [merge] = (await pending()).filter(({ name }) => name === 'merge');
    await redis.lrem(`${place.prefix}:${place.name}:wait`, 0, merge!.id!); // the first one is due at once
    expect(await brokenSchedules(queue, fast, begun)).toEqual([]);
    await until(async () => Date.now() - begun > 700);
    expect((await brokenSchedules(queue, fast, begun)).map(({ id }) => id)).toEqual(['merge']);
    expect(await brokenSchedules(queue, fast, Date.now())).toEqual([]);
    await queue.removeJobScheduler('erase');
    expect((await brokenSchedules(queue, fast, begun)).map(({ id }) => id)).toEqual(['merge', 'erase']);
  });

  it('are those, too, that a worker whose clock is an hour ahead has put off by an hour', async () => {
    const minutely = ALL.map((schedule) => ({ ...schedule, everyMs: 60_000 }));
    const begun = Date.now();
    await upsertSchedules(queue, minutely);
    expect(await brokenSchedules(queue, minutely, begun)).toEqual([]);
    const place = queuePlaces(keys).maintenance;
    // What BullMQ writes down when such a worker takes a job.
    for (const { id } of minutely) await redis.zadd(`${place.prefix}:${place.name}:repeat`, Date.now() + 3_600_000, id);
    expect((await brokenSchedules(queue, minutely, begun)).map(({ id }) => id)).toEqual(minutely.map(({ id }) => id));
    await restartSchedules(queue, minutely);
    expect(await brokenSchedules(queue, minutely, begun)).toEqual([]);
    for (const { next = 0 } of await queue.getJobSchedulers()) expect(next).toBeLessThan(Date.now() + 120_000);
  });
});

describe('startScheduling', () => {
  it('has clean-up and merge run again and again, and beats', async () => {
    await start(1000);
    const worker = work();
    await until(async () => worker.done.cleanup >= 2 && worker.done.merge >= 2);
    expect(await readCleanupStatus(redis, keys)).toBeDefined();
    expect(await readMergeStatus(redis, keys)).toMatchObject({ report: { hours: 0, isComplete: true } });
    expect(await redis.scard(keys.heartbeats)).toBe(1);
    await worker.close();
  });

  it('begins the schedules anew when no clean-up has finished for two intervals', async () => {
    await start(1000);
    await breakChain();
    const worker = work();
    await until(async () => worker.done.cleanup >= 1 && worker.done.merge >= 1);
    await worker.close();
    expect(await pending()).toHaveLength(4);
  });

  it('begins them anew also when the last one says that it finished in an hour, by a clock that is ahead', async () => {
    await writeCleanupStatus(redis, keys, { finishedAt: Date.now() + 3_600_000, durationMs: 1, report: cleanupReportSchema.parse(NOTHING_REMOVED) });
    await start(1000);
    await breakChain();
    const worker = work();
    await until(async () => ((await readCleanupStatus(redis, keys))?.finishedAt ?? Infinity) <= Date.now());
    expect(worker.done.cleanup).toBeGreaterThan(0);
    await worker.close();
  });

  it('starts while Redis is full, and declares the schedules when there is room', async () => {
    await redis.config('SET', 'maxmemory', '1');
    try {
      await start(1000);
      expect(await queue.getJobSchedulers()).toEqual([]);
    } finally {
      await redis.config('SET', 'maxmemory', '0');
    }
    await until(async () => (await queue.getJobSchedulers()).length === ALL.length);
  });

  it('ends while Redis does not answer', async () => {
    await start(1000);
    await server.kill('SIGSTOP');
    const before = Date.now();
    await roles.splice(0)[0]!.close();
    expect(Date.now() - before).toBeLessThan(5000);
    await server.kill('SIGCONT');
  });
});

/** What a crash at a bad moment leaves: a scheduler whose next job is gone. */
async function breakChain(): Promise<void> {
  await until(async () => (await pending()).length > 0);
  const place = queuePlaces(keys).maintenance;
  await redis.del(`${place.prefix}:${place.name}:delayed`, `${place.prefix}:${place.name}:wait`);
  for (const key of await redis.keys(`${place.prefix}:${place.name}:repeat:cleanup:*`)) await redis.hset(key, 'name', 'left over');
}
