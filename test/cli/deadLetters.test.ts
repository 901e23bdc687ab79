import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { AnalyticsService, EventType } from '../../src/index.js';
import { connect } from '../../src/redis/connect.js';
import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { createKeys } from '../../src/redis/keys.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const CANARY = 'canary-4711-patient-jane';
let server: TestRedis;
let dataDir: string;
beforeAll(async () => {
  server = await startRedis();
  dataDir = mkdtempSync(join(tmpdir(), 'analytics-letters-'));
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A batch that was given up, as a worker leaves it. @returns its job's id */
async function giveUp(): Promise<string> {
  await using service = new AnalyticsService({ redisUrl: server.url, dataDir });
  await service.trackEvent({ type: EventType.CUSTOM, properties: { note: CANARY } });
  const redis = connect(server.url, 'failFast', 'test', () => undefined);
  const queue = createQueue(queuePlaces(createKeys('analytics:')).events, redis);
  try {
    const [job] = await queue.getPrioritized();
    const key = queue.toKey(job!.id!);
    await redis.multi().zrem(queue.toKey('prioritized'), job!.id!).zadd(queue.toKey('failed'), 1_700_000_000_000, job!.id!).hset(key, { failedReason: 'KEY_MISMATCH: x', atm: 8, ats: 8, finishedOn: 1_700_000_000_000 }).exec();
    return job!.id!;
  } finally {
    await queue.close();
    redis.disconnect();
  }
}

async function deadLetters(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'development', ANALYTICS_DATA_DIR: dataDir, REDIS_URL: server.url };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'dead-letters', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });
}

describe('the command dead-letters', () => {
  test('lists, opens, retries and drops', async () => {
    const id = await giveUp();
    const listed = await deadLetters('list');
    expect(listed).toMatchObject({ code: 0, stderr: '1 shown.\n' });
    expect(listed.stdout.split('\n')[0]).toMatch(/^id +queue +given up +code +attempts +starts +priority +items +bytes$/);
    expect(listed.stdout.split('\n')[1]).toMatch(new RegExp(`^${id} +events +2023-11-14 22:13:20 +KEY_MISMATCH +8 +8 +100 +1 +\\d+$`));
    expect(listed.stdout).not.toContain(CANARY);
    expect(JSON.parse((await deadLetters('list', '--json')).stdout)).toMatchObject({ id, reason: 'KEY_MISMATCH', events: 1 });

    const shown = await deadLetters('show', id);
    expect(JSON.parse(shown.stdout)).toMatchObject({ deadLetter: { id }, events: [{ properties: { note: CANARY } }] });
    expect(shown.stderr).toMatch(/Somebody opened a dead letter actor=cli:\S+/);
    expect(shown.stderr).not.toContain(CANARY);

    const retried = await deadLetters('retry', '--all', '--queue', 'events', '--code', 'KEY_MISMATCH', '--json');
    expect([retried.code, JSON.parse(retried.stdout)]).toEqual([0, { retried: 1, refused: [] }]);
    const other = await giveUp();
    const dropped = await deadLetters('drop', other, id.replace(/.$/, 'x'), '--reason', 'sealed to a key that is lost');
    expect(dropped).toMatchObject({ code: 1, stdout: '1 dropped.\n' });
    expect(dropped.stderr).toContain('is no dead letter, or no longer');
    const records = await deadLetters('dropped');
    expect(records.stdout).toMatch(new RegExp(`${other} +events +KEY_MISMATCH +1 +\\S+ \\S+ +cli:\\S+ +sealed to a key that is lost`));
  });

  test('decides about nothing that was not said clearly', async () => {
    const outcomes = await Promise.all([deadLetters('retry'), deadLetters('drop', 'x'), deadLetters('retry', 'x', '--queue', 'events'), deadLetters('--help')]);
    expect(outcomes.map(({ code }) => code)).toEqual([1, 1, 1, 0]);
    expect(outcomes.slice(0, 3).map(({ stderr }) => stderr)).toEqual([
      expect.stringContaining('give ids, or --all'),
      expect.stringContaining('--reason'),
      expect.stringContaining('go with --all'),
    ]);
    expect(outcomes[3]!.stdout).toContain('kept sealed until somebody');
  });
});
