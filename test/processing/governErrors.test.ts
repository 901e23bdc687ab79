import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { connect } from '../../src/redis/connect.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { withBench } from './Bench.js';

const WATCHED_MS = 1500;
/** BullMQ alone made 17,000 errors in this time. */
const MOST_ERRORS = 40;

let server: TestRedis;
let admin: ReturnType<typeof connect>;
beforeAll(async () => {
  server = await startRedis();
  admin = connect(server.url, 'patient', 'admin', () => undefined);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

/** How many there are that keep a process from ending. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('a worker that Redis refuses to give jobs', () => {
  it.each([
    ['is full', async () => admin.config('SET', 'maxmemory', '1'), async () => admin.config('SET', 'maxmemory', '0')],
    ['is read-only', async () => admin.replicaof('127.0.0.1', '1'), async () => admin.replicaof('NO', 'ONE')],
    ['lacks the replicas that it is to have', async () => admin.config('SET', 'min-replicas-to-write', '1'), async () => admin.config('SET', 'min-replicas-to-write', '0')],
  ])('asks again with patience while it %s, goes on after that, and once closed holds no process up', async (_what, begin, end) => {
    const before = timers();
    await withBench(server, {}, async (bench) => {
      await bench.warm();
      await bench.worker.pause();
      const jobs = await Promise.all(Array.from({ length: 20 }, async () => bench.add('well')));
      await begin();
      try {
        await bench.worker.resume();
        const cpu = process.cpuUsage();
        await sleep(WATCHED_MS);
        expect(bench.errors.length).toBeLessThan(MOST_ERRORS);
        const { user, system } = process.cpuUsage(cpu);
        // The rest of the test's process takes some of it; one that asks without a pause takes all.
        expect((user + system) / 1000).toBeLessThan(0.75 * WATCHED_MS);
      } finally {
        await end();
      }
      const endedAt = performance.now();
      await bench.untilDone(...jobs);
      expect(performance.now() - endedAt).toBeLessThan(5000);
    });
    expect(await until(() => timers() <= before, 1000)).toBe(true);
  });

  it('asks with patience too when a key of the queue is of another type', async () => {
    await withBench(server, {}, async (bench) => {
      await bench.warm();
      await bench.worker.pause();
      const job = await bench.add('well');
      const key = bench.queue.toKey('active');
      await admin.set(key, 'a stranger’s');
      await bench.worker.resume();
      await sleep(WATCHED_MS);
      expect(bench.errors.length).toBeGreaterThan(0);
      expect(bench.errors.length).toBeLessThan(MOST_ERRORS);
      await admin.del(key);
      await bench.untilDone(job);
    });
  });

  it('works off what it can meanwhile: a job at work brings the next one along', async () => {
    await withBench(server, { concurrency: 1 }, async (bench) => {
      await bench.warm();
      // Its only place is taken, until after half a second another is made: that one is refused jobs.
      const first = await bench.add('waits', { amount: 700 });
      await bench.until(() => bench.startsOf(first).length === 1);
      const jobs = await Promise.all(Array.from({ length: 20 }, async () => bench.add('well')));
      await admin.config('SET', 'maxmemory', '1');
      try {
        await bench.untilDone(first, ...jobs);
        expect(bench.starts).toHaveLength(jobs.length + 2);
      } finally {
        await admin.config('SET', 'maxmemory', '0');
      }
    });
  });
});
