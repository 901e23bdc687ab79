import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { blockField } from '../../src/redis/keys.js';
import type { ChunkIndexEntry } from '../../src/storage/ChunkIndexEntry.js';
import { EventReader } from '../../src/storage/EventReader.js';
import { EventStore } from '../../src/storage/EventStore.js';
import { decodeMergedHeader } from '../../src/storage/mergedHeader.js';
import { chunkOf, createMergeFixture, HOUR, LATER, START, TYPE, type MergeFixture } from '../merging/mergeFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';

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

/** Something below `below` for each number, that does not compress. */
function mixed(number: number, below: number): number {
  const scattered = Math.imul(number ^ (number << 7) ^ below, 2_654_435_761);
  return ((scattered ^ (scattered >>> 15)) >>> 0) % below;
}

/** A merged chunk of 1,500 events with blocks. */
async function mergedChunk(): Promise<ChunkIndexEntry> {
  for (let n = 0; n < 15; n += 1) {
    const events = Array.from({ length: 100 }, (_, place) => ({
      userId: `user-${mixed(n * 100 + place, 997)}`,
      sessionId: `session-${mixed(n * 100 + place, 4001)}`,
      properties: { number: mixed(n * 100 + place, 1_000_003), path: `/a/${mixed(n * 100 + place, 211)}` },
      timestamp: START + n * 100 + place,
    }));
    await store.run(store.batch(events));
  }
  await store.merge(LATER, { graceMs: 0 });
  await store.merge(LATER, { graceMs: 0 });
  const [entry, ...others] = await store.events.hour(TYPE, HOUR);
  expect(others).toEqual([]);
  expect(entry!.blocks).toBeGreaterThan(3);
  return entry!;
}

const readerOf = (redis: Redis, cacheBytes?: number) => new EventReader({ redis, keys: store.keys, secrets: store.keyRing.reading!, cacheBytes });

describe('a merged chunk', () => {
  it('is read column by column, and no block is fetched twice', async () => {
    const entry = await mergedChunk();
    const reader = readerOf(store.redis);
    const [table] = await reader.load(TYPE, [entry], ['time', 'properties.number']);
    const { values, indexes } = table!.column('properties.number');
    expect(Array.from(indexes, (index) => values[index])).toEqual(Array.from({ length: 1500 }, (_, n) => mixed(n, 1_000_003)));
    expect(() => table!.column('properties.path')).toThrow(RangeError);
    const { blocks } = reader.counts;
    expect(blocks).toBeGreaterThan(0);
    expect(blocks).toBeLessThan(entry.blocks - 1);

    expect((await reader.load(TYPE, [entry], ['time', 'properties.number']))[0]).toBe(table);
    expect(reader.counts).toEqual({ opened: 1, found: 1, blocks });
    await reader.load(TYPE, [entry], ['properties.path']);
    expect(table!.column('properties.path').values).toContain(`/a/${mixed(0, 211)}`);
    await reader.load(TYPE, [entry], 'all');
    expect(reader.counts).toEqual({ opened: 1, found: 3, blocks: entry.blocks - 1 });
    expect(table!.event(1499)).toMatchObject({ properties: { number: mixed(1499, 1_000_003) }, timestamp: START + 1499 });
  });

  it('says what it is in clear before its head', async () => {
    const entry = await mergedChunk();
    const [stored] = await store.redis.hmgetBuffer(store.keys.event(TYPE).chunks, entry.chunkId);
    expect(decodeMergedHeader(entry.chunkId, stored!)).toEqual(entry);
    await store.run(store.batch([{ timestamp: START }]));
    const small = (await store.events.hour(TYPE, HOUR)).find(({ blocks }) => blocks === 0);
    const [other] = await store.redis.hmgetBuffer(store.keys.event(TYPE).chunks, small!.chunkId);
    expect(decodeMergedHeader(small!.chunkId, other!)).toBeUndefined();
  });

  it('takes two round trips for any number of chunks, and none for what is in memory', async () => {
    const entry = await mergedChunk();
    await store.run(store.batch([{ timestamp: START + 5 }]));
    const entries = await store.events.hour(TYPE, HOUR);
    expect(entries).toHaveLength(2);
    let trips = 0;
    let isUnderWay = false;
    const counting = new Proxy(store.redis, {
      get(target, property) {
        if (property === 'hmgetBuffer' && !isUnderWay) {
          trips += 1;
          // What is asked for in one turn leaves in one write.
          isUnderWay = true;
          queueMicrotask(() => (isUnderWay = false));
        }
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const reader = readerOf(counting);
    const tables = await reader.load(TYPE, [...entries, entry], 'all');
    expect(tables.map((table) => table?.count)).toEqual([...entries, entry].map(({ count }) => count));
    expect(trips).toBe(2);
    await reader.load(TYPE, entries, 'all');
    expect(trips).toBe(2);
  });

  it('opens with none of its blocks in another one’s place, and with none that was changed', async () => {
    const entry = await mergedChunk();
    const { chunks } = store.keys.event(TYPE);
    const fields = Array.from({ length: entry.blocks - 1 }, (_, block) => blockField(entry.chunkId, block));
    const blocks = await store.redis.hmgetBuffer(chunks, ...fields);
    const load = async (columns: 'all' | readonly ['time'] = 'all') => readerOf(store.redis).load(TYPE, [entry], columns);
    for (const [place, field] of fields.entries()) {
      await store.redis.hset(chunks, field, blocks[(place + 1) % blocks.length]!);
      await expect(load()).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
      const changed = Buffer.from(blocks[place]!);
      changed[Math.floor(changed.length / 2)]! ^= 1;
      await store.redis.hset(chunks, field, changed);
      await expect(load()).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
      await store.redis.hset(chunks, field, blocks[place]!);
    }
    const [head] = await store.redis.hmgetBuffer(chunks, entry.chunkId);
    for (let place = 15; place < head!.length; place += 31) {
      const changed = Buffer.from(head!);
      changed[place]! ^= 1;
      await store.redis.hset(chunks, entry.chunkId, changed);
      await expect(load(['time'])).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    }
    await store.redis.hset(chunks, entry.chunkId, head!);
    expect((await load())[0]?.count).toBe(1500);
  });

  it('is told of as gone when a block is', async () => {
    const entry = await mergedChunk();
    const reader = readerOf(store.redis);
    await reader.load(TYPE, [entry], ['time']);
    await store.redis.hdel(store.keys.event(TYPE).chunks, blockField(entry.chunkId, 1));
    expect(await reader.load(TYPE, [entry], 'all')).toEqual([undefined]);
  });

  it('is forgotten when it is purged', async () => {
    const entry = await mergedChunk();
    const reader = readerOf(store.redis);
    await reader.load(TYPE, [entry], 'all');
    await store.redis.del(store.keys.event(TYPE).chunks);
    expect((await reader.load(TYPE, [entry], 'all'))[0]?.count).toBe(1500);
    reader.purge();
    expect(await reader.load(TYPE, [entry], 'all')).toEqual([undefined]);
  });

  it('is let go once it has grown too large for the memory, by columns that were decoded', async () => {
    const entry = await mergedChunk();
    const reader = readerOf(store.redis, 60_000);
    const [table] = await reader.load(TYPE, [entry], ['time']);
    await reader.load(TYPE, [entry], ['time']);
    expect(reader.counts).toMatchObject({ opened: 1, found: 1 });
    await reader.load(TYPE, [entry], 'all');
    for (let row = 0; row < 1500; row += 1) table!.event(row);
    await reader.load(TYPE, [entry], ['time']);
    expect(reader.counts).toMatchObject({ opened: 2, found: 2 });
  });

  it('gives the event loop back while many are opened', async () => {
    const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
    await writer.store(Array.from({ length: 1500 }, (_, n) => chunkOf(START + n)), START);
    const entries = await store.events.hour(TYPE, HOUR);
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await store.events.load(TYPE, entries, 'all');
    isDone = true;
    // Some belong to the answers of Redis; opening takes more than 30 ms.
    expect(turns).toBeGreaterThan(4);
  });
});

describe('an hour of more chunks than a page', () => {
  it('shows each event once, however it is swapped meanwhile', async () => {
    const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
    for (let from = 0; from < 5000; from += 1000) await writer.store(Array.from({ length: 1000 }, (_, n) => chunkOf(START + from + n)), START);
    const merging = store.merge();
    let isOver = false;
    void merging.finally(() => {
      isOver = true;
    });
    let reads = 0;
    while (!isOver) {
      const entries = await store.events.hour(TYPE, HOUR);
      expect(entries.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
      expect(new Set(entries.map(({ chunkId }) => chunkId.toString('hex'))).size).toBe(entries.length);
      reads += 1;
    }
    await merging;
    expect(reads).toBeGreaterThan(3);
    expect((await store.events.hour(TYPE, HOUR)).length).toBeLessThan(10);
  });
});
