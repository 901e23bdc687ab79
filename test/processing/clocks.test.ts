import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Job, Queue } from 'bullmq';
import { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { createKeys } from '../../src/redis/keys.js';
import { built } from '../support/built.js';
import { clockOptions, setClock, type ClockSetting } from '../support/clock.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { readStarts, type Start } from './processors/misbehave.js';

const HOUR_MS = 3_600_000;
const BACKOFF_MS = 800;
/** What may pass beyond the backoff: two clocks differ by a second at most, it is looked twice a second, and a busy machine is slow. */
const LATE_MS = 4000;

/** Back; not at all, and so behind; two hours ahead. */
const JUMPS: readonly ClockSetting[] = [{ aheadMs: -HOUR_MS }, { aheadMs: -HOUR_MS }, { aheadMs: HOUR_MS }];
/** Back again, with jobs that were put off by a clock that was ahead; and slowly, a hundred times as fast as a clock is corrected (500 ppm). */
const MORE: readonly ClockSetting[] = [{ aheadMs: 0 }, { aheadMs: 0, gainsMs: -50 }];
const SETTINGS = process.env['ANALYTICS_LONG_TESTS'] === undefined ? JUMPS : [...JUMPS, ...MORE];

let server: TestRedis;
let redis: Redis;
let queue: Queue;
let folder: string;
let worker: RunningProgram;
const file = (): string => join(folder, 'starts');
const clock = (): string => join(folder, 'clock');

beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-clocks-'));
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = createQueue(queuePlaces(createKeys('clocks:')).events, redis);
  setClock(clock(), { aheadMs: 0 });
  // The only worker: no other one, whose clock is right, helps.
  worker = runProgram([built('test/processing/programs/clockedWorker.ts'), server.url, 'clocks:'], { NODE_OPTIONS: clockOptions(clock()) });
  await worker.waitFor('works', 40_000);
}, 60_000);
afterAll(async () => {
  worker.signalGroup('SIGKILL');
  await worker.ended();
  await queue.close();
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const startsOf = (job: Job): Start[] => readStarts(file()).filter((start) => start.job === job.id);

/** Adds jobs that fail once, and waits until they are put off. */
async function inBackoff(count: number): Promise<Job[]> {
  const opts = { attempts: 5, backoff: { type: 'fixed', delay: BACKOFF_MS } };
  const jobs = await queue.addBulk(Array.from({ length: count }, () => ({ name: 'throws', data: { file: file(), bad: 1 }, opts })));
  expect(await until(async () => (await queue.getDelayedCount()) === count, 30_000)).toBe(true);
  return jobs;
}

/** Waits until they were tried again and are done. @returns how long it took, ms */
async function doneAgain(jobs: readonly Job[]): Promise<number> {
  const begun = performance.now();
  await until(async () => (await queue.getJobCountByTypes('delayed', 'wait', 'prioritized', 'active')) === 0, BACKOFF_MS + 2 * LATE_MS);
  expect(jobs.map((job) => startsOf(job).length)).toEqual(jobs.map(() => 2));
  return performance.now() - begun;
}

it('a job in its backoff is tried again in time, once and in its order, however the clock of the only worker and its child jumps meanwhile', async () => {
  let shown = 0;
  const all: (string | undefined)[] = [];
  for (const setting of SETTINGS) {
    const { aheadMs } = setting;
    const jobs = await inBackoff(3);
    // The child's clock is set as well.
    const { at } = startsOf(jobs[0]!)[0]!; // it failed once
    expect(Math.abs(at - shown - Date.now())).toBeLessThan(60_000);
    setClock(clock(), setting);
    expect(await doneAgain(jobs)).toBeLessThan(BACKOFF_MS + LATE_MS);
    // To be behind shortens no backoff: attempts would be used up in no time.
    if (aheadMs === shown && setting.gainsMs === undefined) expect(startsOf(jobs[0]!)[1]!.at - at).toBeGreaterThanOrEqual(BACKOFF_MS);
    shown = aheadMs;
    const ids = jobs.map(({ id }) => id);
    all.push(...ids, ...ids);
  }
  expect(readStarts(file()).map(({ job }) => job)).toEqual(all);
  expect(await queue.getFailedCount()).toBe(0);
}, 60_000);
