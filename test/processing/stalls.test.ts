import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { createWorker } from '../../src/processing/createWorker.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const MOST_STALLS = 50;

let server: TestRedis;
let redis: Redis;
let queue: Queue;
let worker: Worker;
const place = queuePlaces(createKeys('analytics:')).events;
const begun: string[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'patient', 'test', () => undefined);
  queue = createQueue(place, redis);
  worker = createWorker({ place, connection: redis, concurrency: 1, processor: async ({ id }) => begun.push(id ?? ''), onError: () => undefined });
  await worker.waitUntilReady();
});
afterAll(async () => {
  await worker.close();
  await queue.close();
  redis.disconnect();
  await server.stop();
});

/** What is left once a worker was killed that had a job, and others have looked twice. */
async function killWorker(jobId: string): Promise<void> {
  await redis.del(queue.toKey(`${jobId}:lock`));
  for (let look = 0; look < 2; look += 1) {
    // As if the time until the next look were over.
    await redis.del(queue.toKey('stalled-check'));
    await (worker as unknown as { moveStalledJobsToWait(): Promise<void> }).moveStalledJobsToWait(); // protected in its types
  }
}

it(`a job that ends the worker of it each time is begun ${MOST_STALLS + 1} times and then a dead letter; what was caught with it is done`, async () => {
  await queue.addBulk(['poison', 'well'].map((jobId) => ({ name: 'batch', data: {}, opts: { jobId, priority: 100 } })));
  for (let stalls = 0; stalls <= MOST_STALLS; stalls += 1) {
    expect(await queue.getFailedCount()).toBe(0);
    const job = await worker.getNextJob(`token-${stalls}`, { block: false });
    // Who stalled is first.
    expect(job?.id).toBe('poison');
    await killWorker('poison');
  }
  void worker.run();
  expect(await until(async () => (await queue.getFailedCount()) === 1 && begun.length > 0)).toBe(true);
  expect(begun).toEqual(['well']);
  expect(await queue.getJob('poison')).toMatchObject({ failedReason: expect.stringContaining('stalled'), stalledCounter: MOST_STALLS + 1, priority: 100 });
});
