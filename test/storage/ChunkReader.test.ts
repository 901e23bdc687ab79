import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import type { ChunkIndexEntry } from '../../src/storage/ChunkIndexEntry.js';
import { createEventReader } from '../../src/storage/createEventReader.js';
import { createEventFixture, type EventFixture } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';

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
  await store.run(store.batch([0, 1].map((ms) => ({ userId: 'ann', timestamp: START + ms }))));
  await store.run(store.batch([{ userId: 'bob', timestamp: START + 2 }]));
});
afterEach(async () => store.close());

async function entries(): Promise<ChunkIndexEntry[]> {
  const found: ChunkIndexEntry[] = [];
  for await (const entry of store.reader.index(TYPE, { from: -Infinity, to: Infinity, order: 'asc' })) found.push(entry);
  return found;
}

describe('ChunkReader', () => {
  it('gives each chunk its rows and the offset of the first', async () => {
    const chunks = (await store.reader.fetch(TYPE, await entries())).map((fetched) => fetched.open());
    expect(chunks.map((chunk) => [chunk.firstOffset, chunk.rows.users])).toEqual([
      [1, ['ann', 'ann']],
      [3, ['bob']],
    ]);
    expect(await store.reader.hourCounts(TYPE)).toEqual(new Map([[480_000, 3]]));
  });

  it('leaves out a chunk that is gone, or whose key is', async () => {
    const [first, second] = await entries();
    await store.redis.hdel(store.keys.event(TYPE).chunks, first!.chunkId);
    expect((await store.reader.fetch(TYPE, [first!, second!])).map((chunk) => chunk.entry)).toEqual([second]);
    await store.redis.hdel(store.keys.event(TYPE).dataKeys, second!.chunkId);
    expect(await store.reader.fetch(TYPE, [first!, second!])).toEqual([]);
  });

  it('opens no chunk that was changed, moved, or sealed under another key', async () => {
    const { chunks, dataKeys } = store.keys.event(TYPE);
    const [first, second] = await entries();
    const open = async (): Promise<unknown> => (await store.reader.fetch(TYPE, [first!]))[0]?.open();
    const [bytes] = await store.redis.hmgetBuffer(chunks, first!.chunkId);

    const others = await keyRingFromMaster(randomBytes(32));
    const reader = createEventReader(store.keys, { redis: store.redis, secrets: others.reading! });
    const [foreign] = await reader.fetch(TYPE, [first!]);
    expect(() => foreign!.open()).toThrow(expect.objectContaining({ code: 'KEY_UNAVAILABLE' }));

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
    expect(store.reader.counts).toEqual({ opened: 2, found: 0 });
  });
});
