import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { eventIdAt } from '../../src/codec/batchId.js';
import { mergeAll } from '../../src/merging/mergeAll.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { Letterbox, type SentEvent } from './Letterbox.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let server: TestRedis;
let box: Letterbox;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  box = await Letterbox.open(server);
});
afterEach(async () => box.close());

/** A batch that is given up although nothing is wrong with it. */
async function giveUp(events: readonly SentEvent[], { storesFirst = false } = {}): Promise<string> {
  const id = await box.sendEvents(events);
  box.work({
    process: async (jobId, data) => {
      // As when the answer of the last script never came.
      if (storesFirst) await box.ingestion.events(jobId, data);
      throw new Error('lost');
    },
  });
  await box.until(async () => (await box.queues.events.getJobState(id)) === 'failed');
  await box.stopWorking();
  return id;
}

async function retry(id: string): Promise<unknown> {
  box.results.length = 0;
  await box.deadLetters.retry(id);
  await box.workOff();
  return box.results.find((one) => one.id === id)?.result;
}

describe('a dead letter that is retried days later stores each event once', () => {
  test('though a caller repeated some with their own ids meanwhile, with another time', async () => {
    const at = Date.now() - 2 * HOUR_MS;
    const letter = await giveUp([{ id: 'own-1', timestamp: at }, { id: 'own-2', timestamp: at }, { timestamp: at }]);
    await box.sendEvents([{ id: 'own-1', timestamp: at + HOUR_MS }]);
    await box.workOff();
    box.aheadMs = 3 * DAY_MS;
    expect(await retry(letter)).toMatchObject({ stored: 2, duplicates: 1, expired: 0 });
    expect(await box.stored()).toBe(3);
  });

  test('though a caller repeated one under the id that its batch had given it', async () => {
    const letter = await giveUp([{}, {}]);
    await box.sendEvents([{ id: eventIdAt(letter, 1) }]);
    await box.workOff();
    box.aheadMs = 3 * DAY_MS;
    expect(await retry(letter)).toMatchObject({ stored: 1, duplicates: 1, expired: 0 });
    expect(await box.stored()).toBe(2);
  });

  test('though it was stored before it was given up', async () => {
    const letter = await giveUp([{}, { id: 'own' }, {}], { storesFirst: true });
    expect(await box.stored()).toBe(3);
    box.aheadMs = 3 * DAY_MS;
    expect(await retry(letter)).toMatchObject({ stored: 0, duplicates: 3, expired: 0 });
    expect(await box.stored()).toBe(3);
  });

  test('though its chunk was merged into another since', async () => {
    const at = Date.now() - 3 * HOUR_MS;
    const letter = await giveUp([{ timestamp: at }, { timestamp: at + 1 }], { storesFirst: true });
    await box.sendEvents([{ timestamp: at + 2 }]);
    await box.workOff();
    const report = await mergeAll({ redis: box.redis, keys: box.keys, secrets: box.keyRing.reading }, { graceMs: 0 });
    expect(report).toMatchObject({ chunksIn: 2, chunksOut: 1 });
    // The replaced chunks go now, not in ten minutes.
    await mergeAll({ redis: box.redis, keys: box.keys, secrets: box.keyRing.reading }, { graceMs: 0 });
    box.aheadMs = 3 * DAY_MS;
    expect(await retry(letter)).toMatchObject({ stored: 0, duplicates: 2, expired: 0 });
    expect(await box.stored()).toBe(3);
  });

  test('and none that has expired since', async () => {
    const now = Date.now();
    const letter = await giveUp([{ timestamp: now - 80 * DAY_MS }, { timestamp: now - DAY_MS }]);
    box.aheadMs = 20 * DAY_MS;
    expect(await retry(letter)).toMatchObject({ stored: 1, duplicates: 0, expired: 1 });
    box.aheadMs = 95 * DAY_MS;
    const other = await giveUp([{ timestamp: now }]);
    expect(await retry(other)).toMatchObject({ stored: 0, duplicates: 0, expired: 1 });
    expect(await box.stored()).toBe(1);
  });

  test('though it is retried again and again', async () => {
    const letter = await giveUp([{}, {}], { storesFirst: true });
    for (let round = 0; round < 3; round += 1) {
      box.work({ process: async () => Promise.reject(new Error('lost')) });
      await box.deadLetters.retry({ all: true });
      await box.until(async () => (await box.queues.events.getJobState(letter)) === 'failed');
      await box.stopWorking();
    }
    expect(await retry(letter)).toMatchObject({ stored: 0, duplicates: 2 });
    expect(await box.stored()).toBe(2);
  });
});
