import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { createDeadLetters } from '../../src/deadletters/createDeadLetters.js';
import { promotion } from '../../src/processing/promoteWaiting.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { Letterbox } from './Letterbox.js';

/** 10,000 is what docs/reliability.md speaks of. */
const LETTERS = Number(process.env['BULK_LETTERS'] ?? 400);
/** A tenth of a second for each, which is ten times what one takes. */
const MOST_MS = 30_000 + LETTERS * 100;
const CRITICAL_EVERY_MS = 5;
const CRITICAL = 1;
const LOW = 1000;

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

/** Gives up batches of one event each, of low priority. @returns their ids */
async function giveUp(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let sent = 0; sent < count; sent += 1) ids.push(await box.sendEvents([{}], { priority: LOW }));
  box.work({ process: async () => Promise.reject(new Error('lost')) });
  await box.until(async () => (await box.queues.events.getFailedCount()) === count, MOST_MS);
  await box.stopWorking();
  box.begun.length = 0;
  return ids;
}

describe('many dead letters', () => {
  test(`of low priority, ${LETTERS} that are retried at once, are each stored once, and a critical event waits 250 ms at most (p99) meanwhile`, async () => {
    const letters = await giveUp(LETTERS);
    box.work();
    const isStored = (): boolean => box.results.filter(({ priority }) => priority === LOW).length === LETTERS;
    const critical: { readonly id: string; readonly sentAt: number; readonly before: number }[] = [];
    // For as long as there are low ones. Some are on their way when it begins.
    const flow = (async () => {
      while (!isStored()) {
        const sentAt = performance.now();
        const id = await box.sendEvents([{ type: 'user_action' }], { priority: CRITICAL });
        critical.push({ id, sentAt, before: box.begun.length });
        await new Promise((resolve) => setTimeout(resolve, CRITICAL_EVERY_MS));
      }
    })();
    await box.until(() => box.results.length > 5);
    const retriedAt = performance.now();
    expect(await box.deadLetters.retry({ all: true, queue: 'events' })).toEqual({ done: LETTERS, refused: [] });
    await box.until(isStored, MOST_MS);
    const lowMs = performance.now() - retriedAt;
    await flow;
    await box.until(() => box.results.length === LETTERS + critical.length);

    const begun = new Map(box.begun.map(({ id, at }, place) => [id, { at, place }]));
    const waits = critical.map(({ id, sentAt }) => begun.get(id)!.at - sentAt).toSorted((a, b) => a - b);
    const p99 = waits[Math.ceil(waits.length * 0.99) - 1]!;
    if (LETTERS >= 10_000) {
      process.stdout.write(`${critical.length} CRITICAL beside ${LETTERS} dead letters of LOW: median ${waits[Math.floor(waits.length / 2)]!.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, worst ${waits.at(-1)!.toFixed(1)} ms; all of LOW stored after ${(lowMs / 1000).toFixed(1)} s\n`);
    }
    expect(waits.length).toBeGreaterThan(50);
    expect(p99).toBeLessThanOrEqual(250);
    // One was fetched when the one before it ended, and four may have been put forward.
    expect(Math.max(...critical.map(({ id, before }) => begun.get(id)!.place - before))).toBeLessThanOrEqual(1 + promotion.jobs);
    // What has waited long gets its turn whatever else there is: 16 a second.
    expect(lowMs).toBeLessThan(promotion.afterMs + (LETTERS / promotion.jobs) * promotion.everyMs);

    expect(box.results.map(({ id }) => id).toSorted()).toEqual([...letters, ...critical.map(({ id }) => id)].toSorted());
    expect(box.results.filter(({ result }) => result.stored !== 1)).toEqual([]);
    expect([await box.stored(), await box.stored('user_action')]).toEqual([LETTERS, critical.length]);
    expect(await box.queues.events.getJobCounts('failed')).toEqual({ failed: 0 });
  }, 2 * MOST_MS);

  test('are retried in as many calls as their time needs, those of one reason only', async () => {
    await box.plant('events', 240, (place) => ({ failedAt: 1000 + place, reason: place % 2 === 0 ? 'INTERNAL: Error' : 'SEAL_BROKEN: x' }));
    const { redis, keys, queues, keyRing } = box;
    const hasty = createDeadLetters({ redis, keys, queues, keyRing, logger: { info: () => undefined }, budgetMs: 0 });
    let [calls, done] = [0, 0];
    let cursor: string | undefined;
    do {
      const report = await hasty.retry({ all: true, reason: 'INTERNAL', ...(cursor !== undefined && { cursor }) });
      calls += 1;
      done += report.done;
      cursor = report.cursor;
    } while (cursor !== undefined && calls < 100);
    expect([calls, done]).toEqual([5, 120]);
    expect((await box.deadLetters.count()).counts).toEqual([expect.objectContaining({ reason: 'SEAL_BROKEN', count: 120 })]);
    expect(await box.deadLetters.drop({ all: true }, { reason: 'spoilt on the way' })).toEqual({ done: 120, refused: [] });
    expect(await box.deadLetters.dropped({ limit: 1000 })).toHaveLength(120);
  });

  test('that fail again while they are retried are retried once', async () => {
    await box.plant('events', 300, (place) => ({ failedAt: 1000 + place, reason: 'SEAL_BROKEN: x' }));
    box.work(); // What they carry is nothing: each is given up at once.
    expect(await box.deadLetters.retry({ all: true })).toEqual({ done: 300, refused: [] });
    await box.until(async () => (await box.deadLetters.count()).counts.some(({ reason, count }) => reason === 'INVALID_JOB' && count === 300));
  });
});
