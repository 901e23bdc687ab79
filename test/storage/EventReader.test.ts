import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import type { ChunkIndexEntry } from '../../src/storage/ChunkIndexEntry.js';
import { EventReader } from '../../src/storage/EventReader.js';
import { createEventFixture, type EventFixture } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const START = 480_000 * 3_600_000;
const TYPE = 'page_view';

let server: TestRedis;
let store: EventFixture;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  store = await createEventFixture(server.url);
  await store.run(store.batch([0, 1].map((ms) => ({ userId: people.ann, timestamp: START + ms }))));
  await store.run(store.batch([{ userId: people.bob, timestamp: START + 2 }]));
});
afterEach(async () => store.close());

const everything = { from: -Infinity, to: Infinity, order: 'asc' } as const;
const entries = async (): Promise<ChunkIndexEntry[]> => store.reader.page(TYPE, everything, 100);

describe('EventReader', () => {
  it('gives each small chunk its rows and their offsets', async () => {
    const tables = await store.reader.load(TYPE, await entries(), ['time']);
    expect(tables.map((table) => [Array.from(table!.offsets), Array.from(table!.times, (time) => time - START), table!.event(0).userId])).toEqual([
      [[1, 2], [0, 1], people.ann],
      [[3], [2], people.bob],
    ]);
    expect(await store.reader.hourCounts(TYPE)).toEqual(new Map([[480_000, 3]]));
    expect(await store.reader.hour(TYPE, 480_000)).toEqual(await entries());
    expect(await store.reader.page(TYPE, { ...everything, order: 'desc' }, 1)).toEqual((await entries()).slice(-1));
  });

  it('tells of a chunk that is gone, and fails for one whose key is', async () => {
    const [first, second] = await entries();
    await store.redis.hdel(store.keys.event(TYPE).chunks, first!.chunkId);
    const [gone, there] = await store.reader.load(TYPE, [first!, second!], 'all');
    expect([gone, there?.count]).toEqual([undefined, 1]);
    store.forget();
    await store.redis.hdel(store.keys.event(TYPE).dataKeys, second!.chunkId);
    await expect(store.reader.load(TYPE, [first!, second!], 'all')).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
  });

  it('opens no chunk that was changed, moved, or sealed under another key', async () => {
    const { chunks, dataKeys } = store.keys.event(TYPE);
    const [first, second] = await entries();
    const open = async (): Promise<unknown> => store.reader.load(TYPE, [first!], 'all');
    const [bytes] = await store.redis.hmgetBuffer(chunks, first!.chunkId);

    const others = await keyRingFromMaster(randomBytes(32));
    const foreign = new EventReader({ redis: store.redis, keys: store.keys, secrets: others.reading! });
    await expect(foreign.load(TYPE, [first!], 'all')).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });

    for (let place = 8; place < bytes!.length; place += 1) {
      const changed = Buffer.from(bytes!);
      changed[place]! ^= 1;
      await store.redis.hset(chunks, first!.chunkId, changed);
      await expect(open()).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    }
    const [moved, movedKey] = [...(await store.redis.hmgetBuffer(chunks, second!.chunkId)), ...(await store.redis.hmgetBuffer(dataKeys, second!.chunkId))];
    await store.redis.hset(chunks, first!.chunkId, moved!);
    await store.redis.hset(dataKeys, first!.chunkId, movedKey!);
    await expect(open()).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    expect(store.reader.counts.opened).toBe(0);
  });

  it('keeps no more in memory than it may', async () => {
    await store.close();
    store = await createEventFixture(server.url, { cacheBytes: 1 });
    await store.run(store.batch([{ timestamp: START }]));
    for (let times = 0; times < 2; times += 1) await store.get({ type: TYPE });
    expect(store.reader.counts).toMatchObject({ opened: 2, found: 0 });
  });
});
