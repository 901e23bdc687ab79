import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { QueueLoad } from '../../src/producer/QueueLoad.js';
import { QueuePace } from '../../src/producer/QueuePace.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let redis: Redis;
let queue: Queue;

beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'failFast', 'test', () => undefined);
  queue = createQueue(queuePlaces(createKeys('pace:')).events, redis);
  queue.on('error', () => undefined);
});
beforeEach(async () => queue.drain());
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  await server.stop();
});

const add = async (count: number, priority = 100) => queue.addBulk(Array.from({ length: count }, () => ({ name: 'batch', data: {}, opts: { priority } })));

describe('the pace of batches', () => {
  it('is none while few jobs wait, and grows with the jobs that wait, up to its bound', async () => {
    const pace = new QueuePace(new QueueLoad({ queue, redis, mostWaiting: 1_000_000 }), 100);
    await add(19);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(pace.delayMs()).toBe(0);
    await add(6, 1);
    expect(await until(() => pace.delayMs() === 5)).toBe(true);
    await add(275);
    expect(await until(() => pace.delayMs() === 60)).toBe(true);
    await add(900);
    expect(await until(() => pace.delayMs() === 100)).toBe(true);
    await queue.drain();
    expect(await until(() => pace.delayMs() === 0)).toBe(true);
  });

  it('asks Redis every 50 ms at most, and only while it is asked itself', async () => {
    await redis.config('RESETSTAT');
    const pace = new QueuePace(new QueueLoad({ queue, redis, mostWaiting: 1_000_000 }), 100);
    const startedAt = performance.now();
    while (performance.now() - startedAt < 220) {
      for (let time = 0; time < 100; time += 1) pace.delayMs();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const asked = /cmdstat_(?:eval|evalsha):calls=(\d+)/g;
    const count = async () => [...(await redis.info('commandstats')).matchAll(asked)].reduce((sum, [, calls]) => sum + Number(calls), 0);
    // The last question may be answered a moment later.
    await new Promise((resolve) => setTimeout(resolve, 60));
    const calls = await count();
    expect(calls).toBeGreaterThanOrEqual(2);
    // Five, the last one, and once the script itself.
    expect(calls).toBeLessThanOrEqual(7);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await count()).toBe(calls);
  });

  it('keeps its last figure while Redis is away, and throws nothing', async () => {
    const pace = new QueuePace(new QueueLoad({ queue, redis, mostWaiting: 1_000_000 }), 100);
    await add(100);
    expect(await until(() => pace.delayMs() === 20)).toBe(true);
    await server.kill();
    for (let time = 0; time < 20; time += 1) {
      expect(pace.delayMs()).toBe(20);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await server.restart();
    expect(await until(() => pace.delayMs() === 0, 10_000)).toBe(true);
  });
});
