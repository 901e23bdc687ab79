import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { jobOptions } from '../../queues/createQueue.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { withBench } from './Bench.js';
import { SLOW_START_MS } from './processors/slowStart.js';

const JOBS = 120;

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => redis.stop());

describe('children are replaced', () => {
  it('after so many jobs, without a job that waits for it', async () => {
    await withBench(redis, { concurrency: 2, limits: { jobs: 20 } }, async (bench) => {
      const jobs = await Promise.all(Array.from({ length: JOBS }, async () => bench.add('well')));
      await bench.untilDone(...jobs);
      await bench.until(() => bench.worker.children.figures().recycled >= 2);
      const { started, crashed } = bench.worker.children.figures();
      expect(started).toBeLessThanOrEqual(2 + JOBS / 20);
      expect(crashed).toBe(0);
      expect(bench.failures).toEqual([]);
      expect(bench.starts).toHaveLength(JOBS);
    });
  });

  it('when they hold too much memory, which they tell themselves', async () => {
    const memory = 200 * 2 ** 20;
    await withBench(redis, { limits: { memory } }, async (bench) => {
      // Children tell after 20 jobs, or a second.
      const leak = async (): Promise<void> => bench.untilDone(await bench.add('leaks', { amount: 60 * 2 ** 20 }));
      for (let rounds = 0; rounds < 200 && bench.worker.children.figures().recycled < 2; rounds += 1) await leak();
      expect(bench.worker.children.figures().recycled).toBe(2);
      expect(bench.events.every(({ bytes }) => bytes > memory)).toBe(true);
      expect(bench.failures).toEqual([]);
    });
  });
});

describe('a child that was started beside a slow job', () => {
  it('goes when nothing has been slow for a while, and the one that has worked all the while stays', async () => {
    await withBench(redis, { limits: { keptMs: 1500 } }, async (bench) => {
      const { children } = bench.worker;
      await bench.warm();
      const slow = await bench.add('waits', { amount: 1000 });
      await bench.until(() => bench.startsOf(slow).length === 1);
      await bench.untilDone(await bench.add('well'));
      expect(children.figures().alive).toBe(2);
      await bench.untilDone(slow);
      let worked = 0;
      await bench.until(async () => {
        worked = await bench.warm();
        return children.figures().recycled === 1;
      });
      expect(await bench.warm()).toBe(worked);
      expect(children.figures()).toMatchObject({ started: 2, crashed: 0, killed: 0 });
    });
  });
});

describe('children that leak', () => {
  it('together hold what they may and no more, over 10,000 jobs', async () => {
    const memory = 160 * 2 ** 20;
    const size = 2;
    await withBench(redis, { processor: 'leaks', concurrency: size, limits: { memory } }, async (bench) => {
      const { queue, worker, failures } = bench;
      let most = 0;
      const sampling = setInterval(() => (most = Math.max(most, worker.children.figures().memory)), 20);
      // 320 MB in all.
      for (let left = 10_000; left > 0; left -= 500) await queue.addBulk(Array.from({ length: 500 }, () => ({ name: 'leak', data: { bytes: 32 * 2 ** 10 } })));
      await bench.until(async () => (await queue.getJobCountByTypes('wait', 'prioritized', 'active', 'delayed')) === 0, 120_000);
      clearInterval(sampling);
      const { recycled, crashed } = worker.children.figures();
      expect(recycled).toBeGreaterThanOrEqual(2);
      expect({ crashed, failures }).toEqual({ crashed: 0, failures: [] });
      // One that leaves works until its successor is there; what it holds is told after 20 jobs.
      expect(most).toBeLessThan((size + 1) * 1.5 * memory);
    });
  }, 150_000);
});

describe('a job whose child is killed', () => {
  it('begins again within a second, though a child takes three to start', async () => {
    await withBench(redis, { processor: 'startsSlowly', limits: { spare: 1 } }, async (bench) => {
      await bench.warm();
      await bench.until(() => bench.worker.children.figures().started === 2);
      const job = await bench.add('never');
      await bench.until(() => bench.startsOf(job).length === 1);
      process.kill(bench.startsOf(job)[0]!.pid, 'SIGKILL');
      const killedAt = performance.now();
      await bench.until(() => bench.startsOf(job).length === 2);
      expect(performance.now() - killedAt).toBeLessThan(SLOW_START_MS * 0.8);
      await bench.until(() => bench.worker.children.figures().alive === 2);
    });
  });
});

describe('a job that failed at a worker whose clock is an hour ahead', () => {
  it('is tried again when its delay is over by the clock of Redis', async () => {
    await withBench(redis, {}, async (bench) => {
      const now = Date.now;
      try {
        Date.now = () => now() + 3_600_000;
        const job = await bench.add('throws', {}, 3);
        await bench.until(() => bench.failures.length === 1);
        Date.now = now;
        await bench.until(() => bench.startsOf(job).length > 1);
        expect(bench.startsOf(job)).toHaveLength(2);
      } finally {
        Date.now = now;
      }
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

  it('that hangs leaves its place to others, even the only one', async () => {
    await withBench(redis, { limits: { deadlineMs: 15_000 } }, async (bench) => {
      await bench.warm();
      const hung = await bench.add('never');
      await bench.until(() => bench.startsOf(hung).length === 1);
      const jobs = await Promise.all(Array.from({ length: 20 }, async () => bench.add('well')));
      await bench.untilDone(...jobs);
      expect(await bench.queue.getJobState(hung.id!)).toBe('active');
      expect(bench.worker.children.pids).toHaveLength(2);
    });
  });

  it('is given up at once when no repeat can help', async () => {
    await withBench(redis, {}, async (bench) => {
      const hopeless = await bench.add('isHopeless');
      await bench.until(async () => (await bench.queue.getJobState(hopeless.id!)) === 'failed');
      expect(bench.startsOf(hopeless)).toHaveLength(1);
      await bench.until(() => bench.failures.length === 1);
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
