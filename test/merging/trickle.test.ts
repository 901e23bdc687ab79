import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { createRandom, sampleEvent } from '../../benchmarks/data/events.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { EventType } from '../../src/contract/EventType.js';
import { cleanUp } from '../../src/retention/cleanUp.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { checkMerged } from './checkMerged.js';
import { createMergeFixture, HOUR, START, TYPE, type MergeFixture } from './mergeFixture.js';

const EVENTS = 3600;
const AT_ONCE = 100;

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

/** Bytes of Redis that the type's keys take, the feed's apart. */
async function bytesOfType(): Promise<number> {
  return bytesOf(await store.redis.keys(`${store.keys.prefix}events:*`));
}

async function bytesOf(keys: readonly string[]): Promise<number> {
  let total = 0;
  for (const key of keys) {
    if (key !== store.keys.event(TYPE).feed) total += Number(await store.redis.memory('USAGE', key, 'SAMPLES', '0'));
  }
  return total;
}

describe('one event a second', () => {
  it('costs at most 100 bytes an event an hour later', async () => {
    const random = createRandom(5);
    for (let from = 0; from < EVENTS; from += AT_ONCE) {
      const jobs = Array.from({ length: AT_ONCE }, (_, place) => {
        const timestamp = START + (from + place) * 1000;
        const { userId, sessionId, properties, metadata } = sampleEvent(random, EventType.PAGE_VIEW);
        const page = { ...properties, cached: String(properties['cached']) };
        return store.batch([{ userId, sessionId, properties: page, metadata, timestamp }], 'normal', timestamp + 5);
      });
      await Promise.all(jobs.map(async (job) => store.run(job)));
      // As the schedule does, every five minutes.
      if (from % 300 === 0) await store.merge(START + from * 1000);
    }
    const report = await store.merge(START + HOUR_MS + 5 * 60_000);
    expect(report).toMatchObject({ hours: 1, isComplete: true });
    await cleanUp({ redis: store.redis, keys: store.keys, now: () => START + 2 * HOUR_MS }, { retentionDays: () => 90, metricRetentionDays: 90, feedHours: 24 });

    const chunks = await store.events.hour(TYPE, HOUR);
    expect(chunks.reduce((sum, { count }) => sum + count, 0)).toBe(EVENTS);
    for (const { count } of chunks) expect(count).toBeGreaterThanOrEqual(1000);
    expect((await bytesOfType()) / EVENTS).toBeLessThan(100);
    // Of each batch it is remembered that it was stored.
    expect((await bytesOf([store.keys.event(TYPE).batches])) / EVENTS).toBeLessThan(15);
    await checkMerged(store);
  });
});
