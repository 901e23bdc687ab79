import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { createDeadLetters } from '../../src/deadletters/createDeadLetters.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { Letterbox } from './Letterbox.js';

const LETTERS = 2000;
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

describe('many dead letters', () => {
  test(`do not get in the way of critical events when ${LETTERS} of low priority are retried at once`, async () => {
    const planted = await box.plant('events', LETTERS, (place) => ({ failedAt: 1000 + place, priority: LOW }));
    box.work({ process: async () => undefined });
    const isDone = { value: false };
    const critical: string[] = [];
    const flow = (async () => {
      while (!isDone.value || critical.length < 20) {
        critical.push(await box.sendEvents([{}], { priority: CRITICAL }));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    // Some critical ones are on their way when it begins.
    await box.until(() => box.results.length > 5);
    const report = await box.deadLetters.retry({ all: true, queue: 'events' });
    isDone.value = true;
    await flow;
    expect(report).toEqual({ done: LETTERS, refused: [] });
    await box.until(() => box.results.length === LETTERS + critical.length);

    const waits = box.results.filter(({ priority }) => priority === CRITICAL).map(({ waitedMs }) => waitedMs).toSorted((a, b) => a - b);
    expect(waits).toHaveLength(critical.length);
    // Promised are 250 ms; this machine may be doing anything else meanwhile.
    expect(waits[Math.floor(waits.length * 0.99)]).toBeLessThan(1000);
    // Whenever a critical one waited no low one was taken: they overtake all that were retried before them.
    const places = box.results.map(({ priority }, place) => (priority === CRITICAL ? place : -1)).filter((place) => place >= 0);
    expect(places.at(-1)).toBeLessThan(box.results.length - 1);
    expect(new Set(box.results.map(({ id }) => id))).toEqual(new Set([...planted, ...critical]));
    expect(await box.queues.events.getJobCounts('failed')).toEqual({ failed: 0 });
  });

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
