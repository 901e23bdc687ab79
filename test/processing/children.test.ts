import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { jobOptions } from '../../queues/createQueue.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { withBench } from './Bench.js';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => redis.stop());

describe('children are replaced', () => {
  it('after so many jobs, without a job that waits for it', async () => {
    await withBench(redis, { concurrency: 2, limits: { jobs: 50 } }, async (bench) => {
      const jobs = await Promise.all(Array.from({ length: 400 }, async () => bench.add('well')));
      await bench.untilDone(...jobs);
      const { started, recycled, crashed } = bench.worker.children.figures();
      expect(recycled).toBeGreaterThanOrEqual(2);
      expect(started).toBeLessThanOrEqual(2 + 400 / 50);
      expect(crashed).toBe(0);
      expect(bench.failures).toEqual([]);
      expect(bench.starts).toHaveLength(400);
    });
  });

  it('when they hold too much memory, which they tell themselves', async () => {
    const memory = 400 * 2 ** 20;
    await withBench(redis, { limits: { memory } }, async (bench) => {
      // 40 MB a job: 15 jobs would be 600 MB; children tell after 20 jobs, or a second.
      for (let round = 0; round < 30; round += 1) await bench.untilDone(await bench.add('leaks', { amount: 40 * 2 ** 20 }));
      expect(bench.events.filter(({ kind }) => kind === 'recycled').length).toBeGreaterThanOrEqual(1);
      expect(bench.events.every(({ bytes }) => bytes > memory)).toBe(true);
      expect(bench.failures).toEqual([]);
    });
  });
});

describe('a job that cannot end well', () => {
  it('is given up after its attempts, and the others go on meanwhile', async () => {
    await withBench(redis, { concurrency: 2 }, async (bench) => {
      const poison = await bench.add('exits', {}, 3);
      const good = await Promise.all(Array.from({ length: 50 }, async () => bench.add('well')));
      await bench.untilDone(...good);
      await bench.until(async () => (await bench.queue.getJobState(poison.id!)) === 'failed');
      expect(bench.startsOf(poison)).toHaveLength(3);
      expect(bench.starts).toHaveLength(3 + good.length);
    });
  });

  it('is given up at once when no repeat can help', async () => {
    await withBench(redis, {}, async (bench) => {
      const hopeless = await bench.add('isHopeless');
      await bench.until(async () => (await bench.queue.getJobState(hopeless.id!)) === 'failed');
      expect(bench.startsOf(hopeless)).toHaveLength(1);
      expect(bench.failures).toEqual(['SEAL_BROKEN: it does not open.']);
    });
  });

  it('leaves no word of what was thrown, nor of what it returned if that is too much', async () => {
    await withBench(redis, { concurrency: 2 }, async (bench) => {
      const jobs = [await bench.add('throws', {}, 1), await bench.add('returnsMuch', { amount: 100 * 2 ** 20 }, 1)];
      await bench.until(async () => (await bench.queue.getFailedCount()) === jobs.length);
      const kept = await Promise.all(jobs.map(async ({ id }) => JSON.stringify(await bench.queue.getJob(id!))));
      expect(kept.join()).not.toMatch(/canary|xxxx/);
      expect(kept.join()).toMatch(/INTERNAL/);
      expect(jobOptions.stackTraceLimit).toBe(0);
    });
  });
});
