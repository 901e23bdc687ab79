import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { eventIdAt, newBatchId } from '../../../src/codec/batchId.js';
import { BudgetError } from '../../../src/errors/BudgetError.js';
import { mergeAll } from '../../../src/merging/mergeAll.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createEventFixture, type EventFixture, type Job } from '../eventFixture.js';
import { HOUR } from './arbitraries.js';

const HOURS = 40;
const type = 'page_view';

let server: TestRedis;
let store: EventFixture;
const now = Date.now();
const start = Math.floor(now / HOUR) * HOUR - HOURS * HOUR;
/** Two batches of each hour, by the hour; made when their events happened. */
const jobs: Job[][] = [];
beforeAll(async () => {
  server = await startRedis();
  store = await createEventFixture(server.url);
  for (let hour = 0; hour < HOURS; hour += 1) {
    const from = start + hour * HOUR;
    const events = (minute: number) => Array.from({ length: 60 }, (_, second) => ({ timestamp: from + minute * 60_000 + second, properties: { hour, second } }));
    const made = [store.batch(events(1), 'normal', from + 61_000), store.batch(events(30), 'normal', from + 1_801_000)];
    for (const job of made) await store.run(job);
    jobs.push(made);
  }
  await store.run(store.batch([{ id: 'long ago', timestamp: start + 5 * HOUR }, { id: 'today', timestamp: now }]));
  await mergeAll({ redis: store.redis, keys: store.keys, secrets: store.keyRing.reading });
  // A late batch: made today, with events of long ago.
  await store.run(store.batch([{ id: 'late', timestamp: start + HOUR }]));
}, 30_000);
afterAll(async () => {
  await store.close();
  await server.stop();
});
beforeEach(() => store.forget());

describe('getEvent', () => {
  it('opens the one or two chunks that a generated id tells of', async () => {
    for (const [hour, place] of [[0, 59], [17, 0], [HOURS - 1, 30]] as const) {
      store.forget();
      const id = eventIdAt(jobs[hour]![1]!.id, place);
      expect(await store.queries.getEvent(id, {})).toMatchObject({ id, type, properties: { hour, second: place } });
      expect(store.reader.counts.opened).toBeLessThanOrEqual(2);
    }
  });

  it("finds ids of the caller's in whichever hour their events are", async () => {
    expect(await store.queries.getEvent('today', { type })).toMatchObject({ timestamp: now });
    expect(await store.queries.getEvent('long ago', {})).toMatchObject({ timestamp: start + 5 * HOUR });
    store.forget();
    expect(await store.queries.getEvent('late', {})).toMatchObject({ timestamp: start + HOUR });
  });

  it('opens nothing for an id that was never stored', async () => {
    for (const id of ['nobody', eventIdAt(newBatchId(start + HOUR), 3)]) expect(await store.queries.getEvent(id, {})).toBeUndefined();
    expect(await store.queries.getEvent('today', { type: 'error' })).toBeUndefined();
    expect(store.reader.counts).toMatchObject({ opened: 0, found: 0 });
  });

  it('hides what is expired', async () => {
    store.oldest.kept = start + 6 * HOUR;
    expect(await store.queries.getEvent('long ago', {})).toBeUndefined();
    expect(await store.queries.getEvent('today', {})).toBeDefined();
    store.oldest.kept = -Infinity;
  });

  it('stops when its budget is used up', async () => {
    const error: unknown = await store.queries.getEvent('long ago', { budget: { events: 100 } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BudgetError);
    expect((error as BudgetError).scanned).toBeLessThan(400);
  });
});
