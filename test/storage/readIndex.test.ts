import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { connect } from '../../src/redis/connect.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { encodeIndexEntry } from '../../src/storage/ChunkIndexEntry.js';
import { readIndex } from '../../src/storage/readIndex.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const HOUR = 480_000;
const START = HOUR * HOUR_MS;
const KEY = 'index';

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'patient', 'test', () => undefined);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => redis.flushall());
afterEach(async () => redis.flushall());

function member(number: number): Buffer {
  const chunkId = Buffer.alloc(16);
  chunkId.writeUInt32BE(number);
  return encodeIndexEntry({ chunkId, hour: HOUR, earliest: START, count: 1 });
}

async function add(entries: readonly (readonly [number: number, latest: number])[]): Promise<void> {
  await redis.zadd(KEY, ...entries.flatMap(([number, latest]) => [latest, member(number)]));
}

async function numbers(order: 'asc' | 'desc', from: number, to: number, atEach: (number: number) => Promise<void> = async () => undefined): Promise<number[]> {
  const found: number[] = [];
  for await (const entry of readIndex(redis, KEY, { from, to, order })) {
    found.push(entry.chunkId.readUInt32BE());
    await atEach(found.at(-1)!);
  }
  return found;
}

describe('readIndex', () => {
  it('gives every entry once, in both orders, when thousands share a time', async () => {
    const entries = Array.from({ length: 3000 }, (_, number) => [number, START + (number < 500 ? number : 500)] as const);
    await add(entries);
    const all = entries.map(([number]) => number);
    expect(await numbers('asc', -Infinity, Infinity)).toEqual(all);
    expect(await numbers('desc', -Infinity, Infinity)).toEqual(all.toReversed());
  });

  it('includes both ends', async () => {
    await add([1, 2, 3, 4, 5].map((number) => [number, START + number]));
    expect(await numbers('asc', START + 2, START + 4)).toEqual([2, 3, 4]);
    expect(await numbers('desc', START + 2, START + 4)).toEqual([4, 3, 2]);
    expect(await numbers('desc', START + 6, Infinity)).toEqual([]);
  });

  it('misses none that stay and gives none twice while others are added and removed', async () => {
    await add(Array.from({ length: 1000 }, (_, number) => [number, START + Math.floor(number / 100)]));
    const removed = new Set<number>();
    let extra = 10_000;
    const found = await numbers('desc', -Infinity, Infinity, async (number) => {
      if (number % 50 !== 0) return;
      for (const gone of [number, number + 1, number + 49]) {
        removed.add(gone);
        await redis.zrem(KEY, member(gone));
      }
      await add([[(extra += 1), START + Math.floor(number / 100)]]);
    });
    expect(new Set(found).size).toBe(found.length);
    const stayed = Array.from({ length: 1000 }, (_, number) => number).filter((number) => !removed.has(number));
    expect(stayed.filter((number) => !found.includes(number))).toEqual([]);
  });
});
