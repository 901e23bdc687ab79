import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { batchTimeOf, eventIdAt } from '../../src/codec/batchId.js';
import type { Event } from '../../src/contract/event.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { checkMerged } from '../merging/checkMerged.js';
import { createMergeFixture, HOUR, LATER, START, TYPE, type MergeFixture } from '../merging/mergeFixture.js';
import type { GivenEvent } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { erase } from './erase.js';
import { worker } from './worker.js';
import { people } from '../support/witness/people.js';

let server: TestRedis;
let store: MergeFixture;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  store = await createMergeFixture(server.url);
});
afterEach(async () => store.close());

type Stored = { readonly offset: number; readonly event: Event };
const without = (events: readonly Stored[], userId: string): Stored[] => events.filter(({ event }) => event.userId !== userId);
const ann = (events: readonly Stored[]): Stored[] => events.filter(({ event }) => event.userId === people.ann);

describe('an erasure in the store', () => {
  it('leaves everybody else as they were, whatever was stored and merged before it, and nothing of the user', async () => {
    const users = fc.constantFrom(people.ann, people.bob, 'eve', undefined);
    const batch = fc.array(fc.record({ userId: users, hour: fc.integer({ min: 0, max: 1 }), ms: fc.integer({ min: 0, max: HOUR_MS - 1 }), own: fc.boolean() }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof({ weight: 4, arbitrary: batch }, { weight: 1, arbitrary: fc.constant('merge' as const) }), { minLength: 1, maxLength: 12 }), async (steps) => {
        const fixture = await createMergeFixture(server.url);
        try {
          const jobs = [];
          let merges = 0;
          for (const [number, step] of steps.entries()) {
            if (step === 'merge') {
              await fixture.merge(LATER + HOUR_MS + merges++);
              continue;
            }
            const events = step.map(({ userId, hour, ms, own }, n): GivenEvent => ({ timestamp: START + hour * HOUR_MS + ms, ...(userId !== undefined && { userId }), ...(own && { id: `own-${number}-${n}` }), properties: { n } }));
            const job = fixture.batch(events);
            await fixture.run(job);
            jobs.push({ job, size: events.length });
          }
          const hours = [HOUR, HOUR + 1];
          const before = await Promise.all(hours.map(async (hour) => fixture.all(hour)));
          const report = await erase(fixture, people.ann);
          expect(report.events).toBe(before.flatMap(ann).length);
          const left = before.map((events) => without(events, people.ann));
          expect(await Promise.all(hours.map(async (hour) => fixture.all(hour)))).toEqual(left);
          await checkMerged(fixture);
          for (const { job, size } of jobs) {
            const result = await fixture.run(job);
            expect(result).toMatchObject({ stored: 0 });
            expect(result.duplicates + (result.erased ?? 0)).toBe(size);
          }
          await fixture.merge(LATER + 3 * HOUR_MS);
          expect(await Promise.all(hours.map(async (hour) => fixture.all(hour)))).toEqual(left);
          await checkMerged(fixture);
          expect((await erase(fixture, people.ann)).events).toBe(0);
        } finally {
          await fixture.close();
        }
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  it('takes the data keys of every chunk that held something of them, replaced ones of merges too', async () => {
    await store.run(store.batch([{ userId: people.ann, timestamp: START }, { userId: people.bob, timestamp: START + 1 }]));
    await store.run(store.batch([{ userId: people.bob, timestamp: START + 2 }]));
    await store.merge();
    await store.run(store.batch([{ userId: people.ann, timestamp: START + 3 }]));
    const { dataKeys, retired } = store.keys.event(TYPE);
    const before = await store.redis.hkeysBuffer(dataKeys);
    expect(await store.redis.zcard(retired)).toBe(2);
    await erase(store, people.ann);
    const after = new Set((await store.redis.hkeysBuffer(dataKeys)).map((id) => id.toString('hex')));
    expect(before.filter((id) => after.has(id.toString('hex')))).toEqual([]);
    expect(after.size).toBe(1);
    expect(await store.redis.zcard(retired)).toBe(0);
  });
});

describe('after an erasure', () => {
  it('nothing that was tracked before it comes back, however late it is tried again', async () => {
    const early = store.batch([{ id: 'given', userId: people.ann, timestamp: START }, { userId: people.ann, timestamp: START + 1 }, { userId: people.bob, timestamp: START + 2 }]);
    await erase(store, people.ann);
    // It had waited in the queue, or among the dead letters, or in a spool.
    expect(await store.run(early)).toMatchObject({ stored: 1, erased: 2, duplicates: 0 });
    expect((await store.all()).map(({ event }) => event.userId)).toEqual([people.bob]);
    // Whoever calls again, since the answer to the first call was lost, gives the same ids.
    for (const id of ['given', eventIdAt(early.id, 1)]) {
      const { stored, duplicates, erased = 0 } = await store.run(store.batch([{ id, userId: people.ann, timestamp: START }]));
      expect([stored, duplicates + erased]).toEqual([0, 1]);
    }
    expect(await store.run(early)).toMatchObject({ stored: 0 });
    await checkMerged(store);
  });

  it('a batch of which nothing is left takes the ids that callers gave', async () => {
    const early = store.batch([{ id: 'given', userId: people.ann, timestamp: START }]);
    await erase(store, people.ann);
    expect(await store.run(early)).toMatchObject({ stored: 0, erased: 1 });
    expect(await store.run(store.batch([{ id: 'given', userId: people.ann, timestamp: START }], 'normal', Date.now() + 1000))).toMatchObject({ stored: 0, duplicates: 1 });
    expect(await store.all()).toEqual([]);
  });

  it('what the same user does is new, and kept, and a second erasure takes it', async () => {
    await store.run(store.batch([{ userId: people.ann, timestamp: START }]));
    const { at } = await erase(store, people.ann);
    const later = store.batch([{ userId: people.ann, timestamp: START + 1 }], 'normal', at + 1);
    expect(batchTimeOf(later.id)).toBeGreaterThan(at);
    expect(await store.run(later)).toMatchObject({ stored: 1 });
    expect(await store.all()).toHaveLength(1);
    expect(await erase(store, people.ann, at + 2)).toMatchObject({ events: 1 });
    expect(await store.all()).toEqual([]);
  });

  it('a process that has not heard of it is told by the store, for types that came up later too', async () => {
    const run = worker(store);
    await run(store.batch([{ userId: people.bob, timestamp: START }]));
    const held = store.batch([{ userId: people.ann, timestamp: START }, { userId: people.ann, type: 'user_action', timestamp: START }, { userId: people.bob, timestamp: START + 1 }]);
    await erase(store, people.ann);
    expect(await run(held)).toMatchObject({ stored: 1, erased: 2 });
    expect((await store.all()).map(({ event }) => event.userId)).toEqual([people.bob, people.bob]);
    expect(await store.redis.exists(store.keys.event('user_action').chunks)).toBe(0);
  });

  it('a store that knows of an erasure which the list has lost stores nothing', async () => {
    await store.run(store.batch([{ userId: people.ann, timestamp: START }]));
    await erase(store, people.ann);
    await store.redis.del(store.keys.erased);
    await expect(store.run(store.batch([{ userId: people.bob, timestamp: START }]))).rejects.toMatchObject({ code: 'STORE_INCONSISTENT' });
  });
});
