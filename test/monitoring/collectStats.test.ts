import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces, type QueueTitle } from '../../queues/names.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { collectStats } from '../../src/monitoring/collectStats.js';
import type { BroadcastingFigures, ProcessingFigures } from '../../src/monitoring/figures.js';
import { emptyReport, writeMergeStatus } from '../../src/merging/mergeStatus.js';
import { writeStoreFigures } from '../../src/merging/storeFigures.js';
import { createHeartbeat } from '../../src/monitoring/Heartbeat.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { writeCleanupStatus } from '../../src/retention/cleanupStatus.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const config = parseConfig({ ANALYTICS_CLEANUP_INTERVAL: '60000', ANALYTICS_MERGE_INTERVAL: '60000' });
const keys = createKeys('stats:');
const places = queuePlaces(keys);
const nothingRemoved = { eventChunks: 0, events: 0, metricChunks: 0, samples: 0, rollups: 0, seenMarks: 0, feedEntries: 0, tagSets: 0, metrics: 0, orphanKeys: 0 };

let server: TestRedis;
let redis: Redis;
let queues: Record<QueueTitle, Queue>;
const collect = async () => collectStats({ config, keys, redis, queues });

beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'failFast', 'test', () => undefined);
  queues = { events: createQueue(places.events, redis), metrics: createQueue(places.metrics, redis), maintenance: createQueue(places.maintenance, redis) };
  for (const queue of Object.values(queues)) queue.on('error', () => undefined);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await Promise.all(Object.values(queues).map(async (queue) => queue.close()));
  redis.disconnect();
  await server.stop();
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('It did not come true within 10 s.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('collectStats', () => {
  it('counts the jobs of each queue, and as length those of events and metrics that wait', async () => {
    await queues.events.addBulk([1, 2, 3].map((n) => ({ name: 'batch', data: { n }, opts: { priority: n } })));
    await queues.events.add('batch', {}, { delay: 60_000 });
    await queues.metrics.add('batch', {});
    await queues.maintenance.add('cleanup', {});
    const { queue } = await collect();
    expect(queue?.length).toBe(5);
    expect(queue?.queues.events).toEqual({ waiting: 3, active: 0, delayed: 1, failed: 0, oldestFailedAt: null });
    expect(queue?.queues.maintenance.waiting).toBe(1);
  });

  it('counts the dead letters of each queue, and tells when the first was given up', async () => {
    await redis.zadd(queues.metrics.toKey('failed'), 1_700_000_000_002, 'b', 1_700_000_000_001, 'a', 1_700_000_000_003, 'c');
    const { queue } = await collect();
    expect(queue?.queues.metrics).toMatchObject({ failed: 3, oldestFailedAt: 1_700_000_000_001 });
    expect(queue?.queues.events).toMatchObject({ failed: 0, oldestFailedAt: null });
  });

  it('takes rates from the difference between beats, over all workers', async () => {
    const figures = { jobsCompleted: 0, jobsFailed: 0, eventsStored: 0, samplesStored: 0, duplicates: 0, expired: 0, processingMs: 0, canaries: 0, jobsActive: 0 } satisfies ProcessingFigures;
    const beat = createHeartbeat({ redis, keys, role: 'processing', figures: () => figures, intervalMs: 100 });
    await beat.start();
    Object.assign(figures, { jobsCompleted: 4, jobsFailed: 1, eventsStored: 300, samplesStored: 100, processingMs: 20 });
    await until(async () => ((await collect()).queue?.processingRate ?? 0) > 0);
    const { queue, system } = await collect();
    expect(queue?.processingTime).toBeCloseTo(5);
    expect(queue!.processingRate / queue!.errorRate).toBeCloseTo(400);
    expect(system.workerStatus).toBe('running');
    expect(system.processes).toEqual([expect.objectContaining({ role: 'processing', pid: process.pid })]);
    expect(system.memory.processes).toBeGreaterThan(10e6);
    await beat.close();
    await beat.close();
    expect((await collect()).system).toMatchObject({ workerStatus: 'absent', processes: [] });
    expect(await redis.keys('stats:health:*')).toEqual([]);
  });

  it('adds up the sockets of all broadcasters, and a process of several roles only once', async () => {
    const figures = { clients: 3, connections: 4, messagesSent: 10, errors: 0, authenticationFailures: 2, canaryAt: 0 } satisfies BroadcastingFigures;
    const beats = [1, 2].map(() => createHeartbeat({ redis, keys, role: 'broadcasting', figures: () => figures }));
    await Promise.all(beats.map(async (beat) => beat.start()));
    const { webSocket, system } = await collect();
    expect(webSocket).toEqual({ connectedClients: 6, messageRate: 0, errorRate: 0, authenticationFailures: 4 });
    expect(system.processes).toHaveLength(2);
    expect(system.memory.processes).toBe(system.processes[1]!.memory);
    await Promise.all(beats.map(async (beat) => beat.close()));
  });

  it('forgets a process that was killed, and takes it off the index', async () => {
    await redis.sadd(keys.heartbeats, 'processing-dead');
    await redis.hset(keys.heartbeat('processing-odd'), { role: 'processing', figures: 'no JSON' });
    await redis.sadd(keys.heartbeats, 'processing-odd');
    expect((await collect()).system).toMatchObject({ workerStatus: 'absent', processes: [] });
    expect(await redis.exists(keys.heartbeats)).toBe(0);
  });

  it('calls workers stuck that beat while jobs wait and none ends', async () => {
    const none = JSON.stringify({ jobsCompleted: 5, jobsFailed: 0 });
    const beat = (spanMs: number) => ({ role: 'processing', host: 'a', pid: 1, startedAt: 1, rss: 1, heapUsed: 1, figures: none, before: none, spanMs });
    await redis.sadd(keys.heartbeats, 'processing-a');
    await redis.hset(keys.heartbeat('processing-a'), beat(10_000));
    expect((await collect()).system.workerStatus).toBe('running');
    await queues.events.add('batch', {});
    expect((await collect()).system.workerStatus).toBe('stuck');
    await redis.hset(keys.heartbeat('processing-a'), beat(2000));
    expect((await collect()).system.workerStatus).toBe('running');
  });

  it('says when the last clean-up finished, and when it is late', async () => {
    expect((await collect()).system.cleanup.status).toBe('never');
    const finishedAt = Date.now() - 60_000;
    await writeCleanupStatus(redis, keys, { finishedAt, durationMs: 12, report: { ...nothingRemoved, events: 7 } });
    expect((await collect()).system.cleanup).toEqual({ status: 'ok', lastFinishedAt: finishedAt, durationMs: 12, removed: { ...nothingRemoved, events: 7 } });
    await writeCleanupStatus(redis, keys, { finishedAt: finishedAt - 120_000, durationMs: 12, report: nothingRemoved });
    expect((await collect()).system.cleanup.status).toBe('late');
    // A worker whose clock was ahead says nothing of what ran since.
    await writeCleanupStatus(redis, keys, { finishedAt: Date.now() + 3_600_000, durationMs: 12, report: nothingRemoved });
    expect((await collect()).system.cleanup.status).toBe('late');
    await writeCleanupStatus(redis, keys, { finishedAt: Date.now() + 5000, durationMs: 12, report: nothingRemoved });
    expect((await collect()).system.cleanup.status).toBe('ok');
  });

  it('says when the last merge finished, when it is late, and what the store held then', async () => {
    expect(await collect()).toMatchObject({ store: null, system: { merge: { status: 'never', lastFinishedAt: null, durationMs: null, report: null } } });
    const report = { ...emptyReport(), chunksIn: 20, chunksOut: 1 };
    const finishedAt = Date.now() - 60_000;
    const series = { series: 1, rows: 40, smallChunks: 2, mergedChunks: 1, bytes: 4000 };
    const figures = { at: finishedAt, events: { ...series, feedBytes: 900 }, metrics: { ...series, overflow: 3 } };
    await writeMergeStatus(redis, keys, { finishedAt, durationMs: 7, report });
    await writeStoreFigures(redis, keys, figures);
    expect(await collect()).toMatchObject({ store: figures, system: { merge: { status: 'ok', lastFinishedAt: finishedAt, durationMs: 7, report } } });
    await writeMergeStatus(redis, keys, { finishedAt: finishedAt - 120_000, durationMs: 7, report });
    expect((await collect()).system.merge.status).toBe('late');
  });

  it('answers in time while Redis does not, and again once it does', async () => {
    await collect();
    await server.kill('SIGSTOP');
    const before = Date.now();
    const { queue, webSocket, system } = await collect();
    expect(Date.now() - before).toBeLessThan(3000);
    expect([queue, webSocket]).toEqual([null, null]);
    expect(system).toMatchObject({ redis: { connected: false }, workerStatus: 'unknown', cleanup: { status: 'unknown' }, merge: { status: 'unknown' } });
    await server.kill('SIGCONT');
    await until(async () => (await collect()).system.redis.connected);
  });
});
