import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { createDeadLettersCommand } from '../../src/cli/deadLetters.js';
import { AnalyticsService, EventType } from '../../src/index.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';
import { keepEnvironment } from './keepEnvironment.js';
import { runHere, type Outcome } from './runHere.js';

const CANARY = people.eve;
let server: TestRedis;
let dataDir: string;
const restoreEnvironment = keepEnvironment();
beforeAll(async () => {
  server = await startRedis();
  dataDir = mkdtempSync(join(tmpdir(), 'analytics-letters-'));
  Object.assign(process.env, { NODE_ENV: 'development', ANALYTICS_DATA_DIR: dataDir, REDIS_URL: server.url });
});
afterAll(async () => {
  restoreEnvironment();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A batch that was given up, as a worker leaves it. @returns its job's id */
async function giveUp(): Promise<string> {
  await using service = new AnalyticsService();
  await service.trackEvent({ type: EventType.CUSTOM, properties: { note: CANARY } });
  return withQueue(async (queue, redis) => {
    const [job] = await queue.getPrioritized();
    const key = queue.toKey(job!.id!);
    await redis.multi().zrem(queue.toKey('prioritized'), job!.id!).zadd(queue.toKey('failed'), 1_700_000_000_000, job!.id!).hset(key, { failedReason: 'KEY_MISMATCH: x', atm: 8, ats: 8, finishedOn: 1_700_000_000_000 }).exec();
    return job!.id!;
  });
}

/** The jobs that wait for a worker. */
const waiting = async (): Promise<Job[]> => withQueue(async (queue) => queue.getPrioritized());

async function withQueue<T>(use: (queue: Queue, redis: Redis) => Promise<T>): Promise<T> {
  const redis = connect(server.url, 'failFast', 'test', () => undefined);
  const queue = createQueue(queuePlaces(createKeys('analytics:')).events, redis);
  try {
    return await use(queue, redis);
  } finally {
    await queue.close();
    redis.disconnect();
  }
}

const deadLetters = async (...args: string[]): Promise<Outcome> => runHere(createDeadLettersCommand(), args);

async function asProcess(...args: string[]): Promise<Outcome> {
  const env = { ...process.env, NODE_OPTIONS: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/src/cli/main.js', 'dead-letters', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });
}

describe('the command dead-letters', () => {
  test('lists, opens, retries and drops', async () => {
    expect(await deadLetters('list')).toMatchObject({ code: 0, stdout: '', stderr: 'There are none.\n' });
    const id = await giveUp();
    const listed = await deadLetters('list');
    expect(listed).toMatchObject({ code: 0, stderr: '1 shown.\n' });
    expect(listed.stdout.split('\n')[0]).toMatch(/^id +queue +given up +code +attempts +starts +priority +items +bytes$/);
    expect(listed.stdout.split('\n')[1]).toMatch(new RegExp(`^${id} +events +2023-11-14 22:13:20 +KEY_MISMATCH +8 +8 +100 +1 +\\d+$`));
    expect(listed.stdout).not.toContain(CANARY);
    expect(JSON.parse((await deadLetters('list', '--json', '--all')).stdout)).toMatchObject({ id, reason: 'KEY_MISMATCH', events: 1 });

    const shown = await deadLetters('show', id);
    expect(JSON.parse(shown.stdout)).toMatchObject({ deadLetter: { id }, events: [{ properties: { note: CANARY } }] });
    expect(shown.stderr).not.toContain(CANARY);

    const retried = await deadLetters('retry', '--all', '--queue', 'events', '--code', 'KEY_MISMATCH', '--json');
    expect([retried.code, JSON.parse(retried.stdout)]).toEqual([0, { retried: 1, refused: [] }]);
    expect(await waiting()).toEqual([expect.objectContaining({ id, priority: 100, attemptsMade: 0, attemptsStarted: 0 })]);
    const other = await giveUp();
    const dropped = await deadLetters('drop', other, 'no-such-\u001b[31m', '--reason', 'sealed to a key that is lost');
    expect(dropped).toMatchObject({ code: 1, stdout: '1 dropped.\n' });
    expect(dropped.stderr).toContain('no-such-?[31m is no dead letter, or no longer');
    const records = await deadLetters('dropped');
    expect(records.stdout).toMatch(new RegExp(`${other} +events +KEY_MISMATCH +1 +\\S+ \\S+ +cli:\\S+ +sealed to a key that is lost`));
  });

  test('decides about nothing that was not said clearly, says who opened what, and explains itself', async () => {
    const id = await giveUp();
    const [unclear, opened, help] = await Promise.all([asProcess('retry'), asProcess('show', id), asProcess('--help')]);
    expect(unclear).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('give ids, or --all') });
    expect(opened.code).toBe(0);
    // Who it was stands in the audit log, and not here.
    expect(opened.stderr).toMatch(/Somebody opened a dead letter queue=events/);
    expect(opened.stderr).not.toContain('cli:');
    expect(opened.stderr).not.toContain(CANARY);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('kept sealed until somebody') });
  });
});
