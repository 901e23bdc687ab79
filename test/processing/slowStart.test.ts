import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { queuePlaces } from '../../queues/names.js';
import { WedgeWatch, type Wedge } from '../../src/processing/WedgeWatch.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { withBench } from './Bench.js';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => redis.stop());

describe('a worker whose children take long to start', () => {
  it('is not taken for one that takes nothing while its jobs wait for them', async () => {
    const keys = createKeys('slow:');
    const connection = connect(redis.url, 'failFast', 'watch', () => undefined);
    await withBench(redis, { processor: 'hangsAtImport', prefix: 'slow:', limits: { startMs: 12_000, deadlineMs: 100 } }, async ({ worker, queue }) => {
      const wedges: Wedge[] = [];
      const watched = { worker, place: queuePlaces(keys).events, concurrency: 1, deadlineMs: 100, startMs: worker.children.startMs };
      const watch = new WedgeWatch({ redis: connection, keys, workers: [watched], onWedged: (wedge) => wedges.push(wedge), mostMs: 300, intervalMs: 100, freshMs: 0 });
      watch.start();
      await Promise.all([queue.add('well', {}), queue.add('well', {})]);
      // Longer than its job may take once it has begun.
      await sleep(7000);
      watch.close();
      expect(wedges).toEqual([]);
    });
    connection.disconnect();
  });
});

describe('a worker that has just started', () => {
  it('has longer before it is taken for one that takes nothing', async () => {
    const keys = createKeys('fresh:');
    const connection = connect(redis.url, 'failFast', 'watch', () => undefined);
    await withBench(redis, { prefix: 'fresh:' }, async (bench) => {
      await bench.worker.pause(true);
      await bench.add('well');
      const startedAt = performance.now();
      const wedge = await new Promise<Wedge>((resolve) => {
        const watched = { worker: bench.worker, place: queuePlaces(keys).events, concurrency: 1, deadlineMs: 100, startMs: 0 };
        new WedgeWatch({ redis: connection, keys, workers: [watched], onWedged: resolve, mostMs: 200, intervalMs: 50, freshMs: 1000 }).start();
      });
      expect(wedge).toMatchObject({ queue: 'events', waiting: 1 });
      expect(performance.now() - startedAt).toBeGreaterThan(1200);
    });
    connection.disconnect();
  });
});
