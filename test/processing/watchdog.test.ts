import { rmSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Job } from 'bullmq';

import { isAlive, startRedis, type TestRedis } from '../support/redis.js';
import { CLOSE_MS, withBench } from './Bench.js';
import { hangFile } from './processors/hangsAtImport.js';

/** What a busy machine needs more than is promised: a child takes a second or two to start from sources there. */
const SLACK_MS = 6000;

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => redis.stop());

describe('a job that does not end', () => {
  const deadlineMs = 400;

  it('has its child killed within the deadline and a second, and runs again in another', async () => {
    const deeds = ['spins', 'never', 'blocks'];
    await withBench(redis, { concurrency: deeds.length, limits: { deadlineMs } }, async (bench) => {
      const jobs = await Promise.all(deeds.map(async (deed) => bench.add(deed, { bad: 1, amount: 60_000 })));
      await bench.untilDone(...jobs);
      for (const job of jobs) {
        const [first, second] = bench.startsOf(job);
        expect(isAlive(first!.pid)).toBe(false);
        expect(second!.pid).not.toBe(first!.pid);
        expect(second!.at - first!.at).toBeGreaterThanOrEqual(deadlineMs + 1000 - 50);
        expect(second!.at - first!.at).toBeLessThan(deadlineMs + 2000 + SLACK_MS);
      }
      expect(bench.failures).toEqual(jobs.map(() => expect.stringMatching(/^DEADLINE_EXCEEDED: /)));
      expect(bench.worker.children.figures()).toMatchObject({ killed: deeds.length, crashed: 0 });
    });
  });

  it('is told so, and its child is not killed if it heeds that', async () => {
    await withBench(redis, { limits: { deadlineMs } }, async (bench) => {
      await bench.untilDone(await bench.add('heeds', { bad: 1 }));
      expect(bench.failures).toEqual([expect.stringMatching(/^DEADLINE_EXCEEDED: /)]);
      expect(bench.worker.children.figures()).toMatchObject({ killed: 0, crashed: 0 });
    });
  });

  it('runs again when its child was stopped before it came', async () => {
    await withBench(redis, { limits: { deadlineMs } }, async (bench) => {
      const stopped = await bench.warm();
      process.kill(stopped, 'SIGSTOP');
      await bench.untilDone(await bench.add('well'));
      expect(isAlive(stopped)).toBe(false);
      expect(bench.failures).toEqual([expect.stringMatching(/^DEADLINE_EXCEEDED: /)]);
    });
  });
});

describe('a job that is slow', () => {
  const limits = { lowerAfterMs: 400 };

  it('has its child lowered, and replaced after it, when it takes much of a processor', async () => {
    await withBench(redis, { limits: { ...limits, deadlineMs: 60_000 } }, async (bench) => {
      const job = await bench.add('spins', { bad: 1 });
      await bench.until(() => bench.startsOf(job).length === 1);
      const { pid } = bench.startsOf(job)[0]!; // it was started
      await bench.until(() => getPriority(pid) === 10);
      // Its successor is there before it ends.
      await bench.until(() => bench.worker.children.figures().started === 2);
      expect(isAlive(pid)).toBe(true);
      process.kill(pid, 'SIGKILL');
      await bench.untilDone(job);
    });
  });

  it('keeps its child when it only waits: to start others, where everything is slow, would make it slower', async () => {
    await withBench(redis, { concurrency: 2, limits }, async (bench) => {
      const jobs: Job[] = [];
      for (let round = 0; round < 3; round += 1) jobs.push(...(await Promise.all(Array.from({ length: 4 }, async () => bench.add('waits', { amount: 900 })))));
      await bench.untilDone(...jobs);
      const { started, recycled, killed } = bench.worker.children.figures();
      // As many as there are places, and as many again for slow jobs.
      expect(started).toBeLessThanOrEqual(4);
      expect({ recycled, killed }).toEqual({ recycled: 0, killed: 0 });
      for (const pid of bench.worker.children.pids) expect(getPriority(pid)).toBe(0);
    });
  });
});

describe('a child that ends', () => {
  it('by itself costs its job an attempt and nothing else', async () => {
    const deeds = ['exits', 'throwsLater', 'rejectsLater'];
    await withBench(redis, { concurrency: deeds.length }, async (bench) => {
      const jobs = await Promise.all(deeds.map(async (deed) => bench.add(deed, { bad: 1 })));
      await bench.untilDone(...jobs);
      for (const job of jobs) {
        const [first, second] = bench.startsOf(job);
        expect(second!.pid).not.toBe(first!.pid);
        expect(second!.at - first!.at).toBeLessThan(1000 + SLACK_MS);
      }
      expect(bench.failures).toEqual(jobs.map(() => expect.stringMatching(/^CHILD_CRASHED: /)));
      expect(bench.worker.children.figures()).toMatchObject({ crashed: deeds.length, killed: 0 });
    });
  });

  it('by a signal is replaced: while it starts, idle, at work, and in the moment in which it is given a job', async () => {
    await withBench(redis, {}, async (bench) => {
      const { children } = bench.worker;
      const early = await bench.add('well');
      await bench.until(() => children.pids.length === 1);
      process.kill(children.pids[0]!, 'SIGKILL');
      await bench.untilDone(early);
      expect(bench.failures).toEqual([]);

      process.kill(children.pids[0]!, 'SIGKILL');
      await bench.until(() => children.figures().started === 2);

      const busy = await bench.add('waits', { amount: 60_000, bad: 1 });
      await bench.until(() => bench.startsOf(busy).length === 1);
      process.kill(children.pids[0]!, 'SIGKILL');
      await bench.untilDone(busy);
      expect(bench.failures).toEqual([expect.stringMatching(/^CHILD_CRASHED: /)]);

      const late = await bench.add('well');
      process.kill(children.pids[0]!, 'SIGKILL');
      await bench.untilDone(late);
      expect(bench.errors).toEqual([]);
    });
  });
});

describe('a child that never ends to load', () => {
  it('is killed and started again; the job that waited for it loses no attempt', async () => {
    const hang = hangFile(process.pid);
    writeFileSync(hang, '');
    try {
      await withBench(redis, { processor: 'hangsAtImport', limits: { startMs: 2500 } }, async (bench) => {
        const job = await bench.add('any');
        await bench.until(() => bench.events.some(({ kind }) => kind === 'startFailed'));
        rmSync(hang);
        await bench.untilDone(job);
        expect(bench.failures).toEqual([]);
      });
    } finally {
      rmSync(hang, { force: true });
    }
  });
});

describe('closing a worker', () => {
  it('settles in its time, kills what hangs, and costs the jobs no attempt', async () => {
    await withBench(redis, { concurrency: 3 }, async (bench) => {
      const jobs = await Promise.all(['spins', 'never', 'waits'].map(async (deed) => bench.add(deed, { amount: 60_000 })));
      await bench.until(() => bench.starts.length === jobs.length);
      process.kill(bench.startsOf(jobs[2]!)[0]!.pid, 'SIGSTOP');
      const startedAt = performance.now();
      await bench.close();
      expect(performance.now() - startedAt).toBeLessThan(CLOSE_MS + 1500);
      expect(bench.starts.some(({ pid }) => isAlive(pid))).toBe(false);
      expect(bench.failures).toEqual([]);
    });
  });
});
