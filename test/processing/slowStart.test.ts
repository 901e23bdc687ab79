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
      const watch = new WedgeWatch({ redis: connection, keys, workers: [watched], onWedged: (wedge) => wedges.push(wedge), mostMs: 300, intervalMs: 100 });
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
