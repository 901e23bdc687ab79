import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { hourOf } from '../../src/codec/hours.js';
import { readMergeStatus } from '../../src/merging/mergeStatus.js';
import { readCleanupStatus } from '../../src/retention/cleanupStatus.js';
import { runProgram, until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { checkMerged } from './checkMerged.js';
import { createMergeFixture, TYPE, type MergeFixture } from './mergeFixture.js';

let server: TestRedis;
let store: MergeFixture;
beforeAll(async () => {
  server = await startRedis();
  store = await createMergeFixture(server.url);
});
afterAll(async () => {
  await store.close();
  await server.stop();
});

describe('the worker', () => {
  it('merges and cleans up on their schedules, in a child, and ends when told to', async () => {
    const time = Date.now() - 3 * 3_600_000;
    for (let n = 0; n < 20; n += 1) await store.run(store.batch([{ timestamp: time + n }]));
    const before = await store.all(hourOf(time));
    const worker = runProgram(['dist/src/processes/main.js', '--services=processing,scheduling'], {
      REDIS_URL: server.url,
      REDIS_PREFIX: store.keys.prefix,
      ANALYTICS_ENCRYPTION_KEY: store.masterKey.toString('base64'),
      ANALYTICS_MERGE_INTERVAL: '1000',
      ANALYTICS_CLEANUP_INTERVAL: '1000',
      ANALYTICS_CONCURRENCY: '1',
    });
    try {
      const isDone = async (): Promise<boolean> => (await readMergeStatus(store.redis, store.keys)) !== undefined && (await readCleanupStatus(store.redis, store.keys)) !== undefined;
      expect(await until(isDone, 30_000)).toBe(true);
      expect(await until(async () => (await store.redis.zcard(store.keys.event(TYPE).time)) === 1, 30_000)).toBe(true);
      expect(await store.all(hourOf(time))).toEqual(before);
      await checkMerged(store);
      worker.signalGroup('SIGTERM');
      expect(await worker.ended()).toBe(0);
    } finally {
      worker.child.kill('SIGKILL');
    }
  }, 60_000);
});
