import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import type { StoredEvent } from '../../src/codec/columns/StoredEvent.js';
import { keysBesideData } from '../../src/security/keystore/keysBesideData.js';
import { encodeIndexEntry, type ChunkIndexEntry } from '../../src/storage/ChunkIndexEntry.js';
import { EventStore } from '../../src/storage/EventStore.js';
import { sealEventChunk, swapEventChunks } from '../../src/storage/swapEventChunks.js';
import { checkMerged } from '../merging/checkMerged.js';
import { chunkOf, createMergeFixture, HOUR, LATER, START, TYPE, type MergeFixture } from '../merging/mergeFixture.js';
import { snapshotStore } from '../merging/snapshotStore.js';
import type { Job } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { failingScript } from './failingScript.js';

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

/** Jobs of two events each. */
async function storeJobs(count: number, from = START): Promise<Job[]> {
  const jobs = Array.from({ length: count }, (_, n) => store.batch([0, 1].map((ms) => ({ userId: `user${n}`, properties: { n }, timestamp: from + n * 10 + ms }))));
  for (const job of jobs) await store.run(job);
  return jobs;
}

/** Chunks of one event each. */
async function fill(count: number): Promise<void> {
  const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
  await writer.store(Array.from({ length: count }, (_, n) => chunkOf(START + n)), START);
}

interface Merge {
  readonly entries?: readonly ChunkIndexEntry[];
  readonly through?: Redis;
  readonly keep?: (events: StoredEvent[]) => StoredEvent[];
  readonly parts?: number;
  /** How many events `keep` leaves out. */
  readonly gone?: number;
}

/** Merges chunks of the hour, all unless told otherwise, through another connection if one is given. */
async function swap({ entries, through = store.redis, keep = (events) => events, parts = 2, gone = 0 }: Merge = {}): Promise<boolean> {
  const replaced = entries ?? (await store.events.hour(TYPE, HOUR));
  const tables = await store.events.load(TYPE, replaced, 'all');
  const events = keep(tables.flatMap((table) => table!.storedEvents()));
  events.sort((one, other) => one.timestamp - other.timestamp || one.offset - other.offset);
  const size = Math.ceil(events.length / parts);
  const chunks = Array.from({ length: parts }, (_, part) => sealEventChunk(TYPE, HOUR, events.slice(part * size, (part + 1) * size), store.keyRing.reading!));
  return swapEventChunks(through, store.keys, { type: TYPE, hour: HOUR, replaced, chunks, gone, now: LATER, dataKeys: keysBesideData });
}

describe('swapEventChunks', () => {
  /** Merges while each of these commands of the script fails, and then again. @returns how many attempts failed */
  async function failAt(places: readonly number[], prepare: () => Promise<readonly Job[]>): Promise<number> {
    const jobs = await prepare();
    // One that was merged before, so that there is something of every kind to be taken back.
    await swap({ entries: (await store.events.hour(TYPE, HOUR)).slice(0, 2), parts: 1 });
    const before = await store.all();
    const entries = await store.events.hour(TYPE, HOUR);
    const restore = await snapshotStore(store.redis, store.keys.prefix);
    let failures = 0;
    for (const place of places) {
      await restore();
      const outcome = await swap({ through: failingScript(store.redis, 'swapChunks', place) }).then(
        () => 'done',
        () => 'failed',
      );
      await checkMerged(store);
      expect(await store.all()).toEqual(before);
      if (outcome === 'failed') {
        failures += 1;
        expect(await store.events.hour(TYPE, HOUR)).toEqual(entries);
        expect(await swap()).toBe(true);
        await checkMerged(store);
        expect(await store.all()).toEqual(before);
      }
      for (const job of jobs) expect(await store.run(job)).toMatchObject({ stored: 0, duplicates: 2 });
      expect((await store.events.hour(TYPE, HOUR)).map(({ blocks }) => blocks > 0)).toEqual([true, true]);
    }
    return failures;
  }

  it('is done whole or not at all, whichever of its commands fails, and can be repeated', async () => {
    const places = Array.from({ length: 32 }, (_, place) => place + 1);
    // The last of the commands only tidies up, and the places behind it are none.
    const failures = await failAt(places, async () => storeJobs(5));
    expect(failures).toBeGreaterThan(20);
    expect(failures).toBeLessThan(places.length);
  });

  it('is done whole or not at all when events go, whichever of its commands fails', async () => {
    const jobs = await storeJobs(5);
    const before = await store.all();
    const left = before.filter(({ event }) => event.userId !== 'user1' && event.userId !== 'user3');
    const entries = await store.events.hour(TYPE, HOUR);
    const isKept = ({ userId }: StoredEvent): boolean => userId !== 'user1' && userId !== 'user3';
    const erasure: Merge = { keep: (events) => events.filter(isKept), gone: 4 };
    const restore = await snapshotStore(store.redis, store.keys.prefix);
    let failures = 0;
    for (let place = 1; place <= 34; place += 1) {
      await restore();
      const isDone = await swap({ ...erasure, through: failingScript(store.redis, 'swapChunks', place) }).catch(() => false);
      await checkMerged(store);
      if (!isDone) {
        failures += 1;
        expect(await store.all()).toEqual(before);
        expect(await store.events.hour(TYPE, HOUR)).toEqual(entries);
        expect(await swap(erasure)).toBe(true);
        await checkMerged(store);
      }
      expect(await store.all()).toEqual(left);
      for (const job of jobs) expect(await store.run(job)).toMatchObject({ stored: 0, duplicates: 2 });
    }
    expect(failures).toBeGreaterThan(20);
    expect(failures).toBeLessThan(34);
  });

  it('leaves nothing where all events go', async () => {
    await storeJobs(3);
    expect(await swap({ keep: () => [], parts: 0, gone: 6 })).toBe(true);
    expect(await store.all()).toEqual([]);
    expect(await store.events.hourCounts(TYPE)).toEqual(new Map());
    await checkMerged(store);
  });

  it('is done whole or not at all when its commands take several pages', async () => {
    // Six types, two pages of scores, a look for each chunk, then what is read and written.
    const places = [514, 523];
    const failures = await failAt(places, async () => {
      await fill(502);
      return [];
    });
    expect(failures).toBe(places.length);
  });

  it('does nothing when any of the chunks is no longer there', async () => {
    await storeJobs(4);
    const { time, chunks, counts } = store.keys.event(TYPE);
    const entries = await store.events.hour(TYPE, HOUR);
    const events = (await store.events.load(TYPE, entries, 'all')).flatMap((table) => table!.storedEvents());
    const merged = [sealEventChunk(TYPE, HOUR, events, store.keyRing.reading!)];
    const attempt = async () => swapEventChunks(store.redis, store.keys, { type: TYPE, hour: HOUR, replaced: entries, chunks: merged, now: LATER, dataKeys: keysBesideData });
    const before = await store.redis.hgetall(counts);
    for (const entry of entries) {
      const [bytes] = await store.redis.hmgetBuffer(chunks, entry.chunkId);
      await store.redis.hdel(chunks, entry.chunkId);
      expect(await attempt()).toBe(false);
      await store.redis.hset(chunks, entry.chunkId, bytes!);
      await store.redis.zrem(time, encodeIndexEntry(entry));
      expect(await attempt()).toBe(false);
      await store.redis.zadd(time, entry.latest, encodeIndexEntry(entry));
    }
    expect(await store.redis.hgetall(counts)).toEqual(before);
    await checkMerged(store);
    expect(await attempt()).toBe(true);
    await checkMerged(store);
  });

  it('lets one of two merges of the same chunks win, and both agree on it', async () => {
    await storeJobs(30);
    const before = await store.all();
    const outcomes = await Promise.all(Array.from({ length: 4 }, async () => swap()));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(await store.all()).toEqual(before);
    await checkMerged(store);
  });

  it('refuses chunks that do not hold as many events', async () => {
    await storeJobs(5);
    await expect(swap({ keep: (events) => events.slice(1) })).rejects.toMatchObject({ code: 'INTERNAL' });
    await checkMerged(store);
    expect(await store.events.hour(TYPE, HOUR)).toHaveLength(5);
  });

  it('writes nothing where a key holds something else, and says so', async () => {
    await storeJobs(3);
    const entries = await store.events.hour(TYPE, HOUR);
    const events = (await store.events.load(TYPE, entries, 'all')).flatMap((table) => table!.storedEvents());
    const chunks = [sealEventChunk(TYPE, HOUR, events, store.keyRing.reading!)];
    const series = store.keys.event(TYPE);
    for (const key of [series.chunks, series.time, series.dataKeys, series.counts, series.retired, series.absorbed]) {
      const kept = await store.redis.dumpBuffer(key);
      await store.redis.set(key, 'of another program');
      await expect(swapEventChunks(store.redis, store.keys, { type: TYPE, hour: HOUR, replaced: entries, chunks, now: LATER, dataKeys: keysBesideData })).rejects.toMatchObject({ code: 'STORE_INCONSISTENT' });
      expect(await store.redis.get(key)).toBe('of another program');
      await store.redis.del(key);
      if (kept !== null) await store.redis.restore(key, 0, kept);
      await checkMerged(store);
    }
  });
});

describe('a chunk that was merged', () => {
  it('is known when its job comes again, however many were, and no other is', async () => {
    const { absorbed } = store.keys.event(TYPE);
    const jobs: Job[] = [];
    for (let round = 0; round < 3; round += 1) {
      jobs.push(...(await storeJobs(10, START + round)));
      await fill(390);
      await swap();
      await store.merge(LATER, { graceMs: 0 });
      // 400 and 800 ids are in one field; 1,200 would be 9,600 bytes.
      expect([await store.redis.hstrlen(absorbed, String(HOUR)), await store.redis.hlen(absorbed)]).toEqual(round < 2 ? [3200 * (round + 1), 1] : [1, expect.any(Number)]);
      for (const job of jobs) expect(await store.run(job)).toMatchObject({ stored: 0, duplicates: 2 });
    }
    expect(await store.redis.hlen(absorbed)).toBeGreaterThan(200);
    const late = await storeJobs(3, START + 50_000);
    await swap();
    for (const job of [...late, ...jobs]) expect(await store.run(job)).toMatchObject({ stored: 0, duplicates: 2 });
    expect(await store.all()).toHaveLength(3 * (20 + 390) + 6);
    await checkMerged(store);
  });

  it('is looked for by whole ids only', async () => {
    const { absorbed } = store.keys.event(TYPE);
    const job = store.batch([{ timestamp: START }]);
    await store.run(job);
    const [entry] = await store.events.hour(TYPE, HOUR);
    await store.merge(LATER);
    await store.redis.del(store.keys.event(TYPE).chunks, store.keys.event(TYPE).time, store.keys.event(TYPE).dataKeys);
    const short = entry!.chunkId.subarray(0, 8);
    const filler = (length: number) => Buffer.alloc(length, 0x2a);
    for (const shift of [1, 3, 7]) {
      await store.redis.hset(absorbed, String(HOUR), Buffer.concat([filler(shift), short, filler(8 - shift)]));
      expect(await store.run(job)).toMatchObject({ stored: 1 });
      await store.redis.del(store.keys.event(TYPE).chunks, store.keys.event(TYPE).time);
    }
    await store.redis.hset(absorbed, String(HOUR), Buffer.concat([filler(3), short, filler(5), short]));
    expect(await store.run(job)).toMatchObject({ stored: 0, duplicates: 1 });
  });

  it('stays readable, with its index entry, until the grace is over', async () => {
    await storeJobs(5);
    const entries = await store.events.hour(TYPE, HOUR);
    await swap();
    expect((await store.events.load(TYPE, entries, 'all')).every((table) => table?.count === 2)).toBe(true);
    await store.merge(LATER + 9 * 60_000);
    expect((await store.events.load(TYPE, entries, 'all')).every((table) => table?.count === 2)).toBe(true);
    expect(await store.merge(LATER + 10 * 60_000)).toMatchObject({ removed: 5 });
    expect(await store.events.load(TYPE, entries, ['time'])).toEqual(entries.map(() => undefined));
    await checkMerged(store);
  });
});
