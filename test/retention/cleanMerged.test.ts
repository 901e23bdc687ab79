import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { HOUR_MS } from '../../src/codec/hours.js';
import type { CleanupRun } from '../../src/retention/CleanupRun.js';
import { cleanUp } from '../../src/retention/cleanUp.js';
import { removeExpiredChunks } from '../../src/retention/removeExpiredChunks.js';
import { removeExpiredHours } from '../../src/retention/removeExpiredHours.js';
import { removeRetiredChunks } from '../../src/retention/removeRetiredChunks.js';
import { keysBesideData } from '../../src/security/keystore/keysBesideData.js';
import { EventStore } from '../../src/storage/EventStore.js';
import { checkMerged } from '../merging/checkMerged.js';
import { chunkOf, createMergeFixture, HOUR, LATER, START, TYPE, type MergeFixture } from '../merging/mergeFixture.js';
import { snapshotStore } from '../merging/snapshotStore.js';
import { failingScript } from '../storage/failingScript.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const DAY_MS = 24 * HOUR_MS;
const limits = { retentionDays: () => 1, metricRetentionDays: 1, feedHours: 24 };

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

const runOf = (redis: Redis): CleanupRun => ({ redis, keys: store.keys, dataKeys: keysBesideData, now: LATER, throwIfAborted: () => {} });
const clean = async (oldestKept: number) => cleanUp({ redis: store.redis, keys: store.keys, now: () => oldestKept + DAY_MS }, limits);

/** Two hours with a merged and two small chunks each, of 502 events, and what was merged. */
async function fillTwoHours(): Promise<void> {
  const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
  for (const start of [START, START + HOUR_MS]) {
    for (let n = 0; n < 2; n += 1) {
      await store.run(store.batch(Array.from({ length: 250 }, (_, place) => ({ userId: `u${n * place}`, properties: { text: String(Math.sin(n * 250 + place)) }, timestamp: start + n * 1000 + place }))));
    }
  }
  await store.merge(LATER + HOUR_MS);
  for (const start of [START, START + HOUR_MS]) await writer.store([chunkOf(start + 50_000), chunkOf(start + 50_001)], start);
}

/** Runs a step with each of its commands failing in turn, and then again. @returns how many attempts failed */
async function failEach(name: string, work: (run: CleanupRun) => Promise<unknown>, check: () => Promise<void>): Promise<number> {
  await fillTwoHours();
  const restore = await snapshotStore(store.redis, store.keys.prefix);
  let failures = 0;
  for (let place = 1; place < 100; place += 1) {
    await restore();
    const outcome = await work(runOf(failingScript(store.redis, name, place))).then(
      () => 'done',
      () => 'failed',
    );
    await work(runOf(store.redis));
    await check();
    await checkMerged(store);
    if (outcome === 'done') return failures;
    failures += 1;
  }
  throw new Error('It fails without a command that fails.');
}

describe('the clean-up of merged chunks', () => {
  it('removes whole chunks of either kind once they are expired, and what merging kept of their hour', async () => {
    await fillTwoHours();
    const { counts, absorbed, retired } = store.keys.event(TYPE);
    expect(await store.redis.zcard(retired)).toBe(4);
    expect(await clean(START + 30_000)).toMatchObject({ eventChunks: 1, events: 500 });
    expect(await store.all()).toHaveLength(2);
    expect(await store.redis.hkeys(absorbed)).toHaveLength(2);
    expect(await clean(START + HOUR_MS)).toMatchObject({ eventChunks: 2, events: 2 });
    expect(await store.redis.hkeys(absorbed)).toEqual([String(HOUR + 1)]);
    expect((await store.redis.hkeys(counts)).filter((field) => field.endsWith(String(HOUR)))).toEqual([]);
    expect(await store.redis.zcard(retired)).toBe(0);
    expect(await store.all(HOUR + 1)).toHaveLength(502);
    await checkMerged(store);
    expect(await clean(START + 2 * HOUR_MS)).toMatchObject({ eventChunks: 3, events: 502 });
    const left = (await store.redis.keys(`${store.keys.prefix}events:*`)).filter((key) => !/:(seen|batches|users):/.test(key));
    expect(left.sort()).toEqual([counts, store.keys.event(TYPE).feed].sort());
    expect(await store.redis.hgetall(counts)).toEqual({ offset: '1004', epoch: expect.any(String) });
  });

  it('forgets absorbed ids that were spread over many fields', async () => {
    const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
    await writer.store(Array.from({ length: 1100 }, (_, n) => chunkOf(START + n)), START);
    await store.merge();
    const { absorbed } = store.keys.event(TYPE);
    expect(await store.redis.hget(absorbed, String(HOUR))).toBe('*');
    expect(await store.redis.hlen(absorbed)).toBeGreaterThan(200);
    await clean(START + HOUR_MS);
    expect(await store.redis.exists(absorbed)).toBe(0);
  });

  it('is finished by the next step, whichever command of removing expired chunks failed', async () => {
    const failures = await failEach(
      'removeExpiredChunks',
      async (run) => removeExpiredChunks(run, store.keys.event(TYPE), START + HOUR_MS),
      async () => expect([await store.all(), (await store.all(HOUR + 1)).length]).toEqual([[], 502]),
    );
    expect(failures).toBeGreaterThan(10);
  });

  it('is finished by the next step, whichever command of removing replaced chunks failed', async () => {
    const failures = await failEach(
      'removeRetiredChunks',
      async (run) => removeRetiredChunks(run, store.keys.event(TYPE), LATER + HOUR_MS),
      async () => expect(await store.redis.zcard(store.keys.event(TYPE).retired)).toBe(0),
    );
    expect(failures).toBeGreaterThan(10);
  });

  it('is finished by the next step, whichever command of forgetting hours failed', async () => {
    const failures = await failEach(
      'removeExpiredHours',
      async (run) => removeExpiredHours(run, store.keys.event(TYPE), START + HOUR_MS),
      async () => expect(await store.redis.hkeys(store.keys.event(TYPE).absorbed)).toEqual([String(HOUR + 1)]),
    );
    expect(failures).toBeGreaterThan(3);
  });

  it('leaves a chunk alone that a swap which failed listed as replaced', async () => {
    await fillTwoHours();
    const { time, retired } = store.keys.event(TYPE);
    const members = await store.redis.zrangeBuffer(time, '0', '-1');
    for (const member of members) await store.redis.zadd(retired, LATER, member);
    const before = await store.all();
    await removeRetiredChunks(runOf(store.redis), store.keys.event(TYPE), LATER + HOUR_MS);
    expect(await store.all()).toEqual(before);
    await checkMerged(store);
  });
});
