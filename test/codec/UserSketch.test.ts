import { createHash, randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { UserSketch } from '../../src/codec/UserSketch.js';
import { connect } from '../../src/redis/connect.js';
import { startRedis, type TestRedis } from '../support/redis.js';

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

const users = (count: number): Buffer[] => Array.from({ length: count }, () => randomBytes(8));
async function add(key: string, members: readonly Buffer[]): Promise<void> {
  for (let at = 0; at < members.length; at += 4000) await redis.pfadd(key, ...members.slice(at, at + 4000));
}
async function sketchOf(keys: readonly string[]): Promise<UserSketch> {
  const sketch = new UserSketch();
  for (const bytes of await redis.mgetBuffer(...keys)) if (bytes !== null) sketch.add(bytes);
  return sketch;
}

describe('a sketch of users', () => {
  it('counts what PFCOUNT counts, of any keys together, sparse ones and dense', async () => {
    expect(new UserSketch().count()).toBe(0);
    const keys: string[] = [];
    const known = users(300);
    for (const size of [0, 1, 2, 30, 300, 1500, 1700, 5000, 60_000]) {
      const key = `users ${size}`;
      await add(key, [...known.slice(0, size / 2), ...users(size - Math.min(300, size / 2))]);
      keys.push(key);
      // PFCOUNT of one key and of several are other code in Redis.
      expect((await sketchOf([key])).count()).toBe(await redis.pfcount(key));
      expect((await sketchOf(keys)).count()).toBe(await redis.pfcount(...keys));
    }
  });

  it('is within three standard errors', async () => {
    for (const size of [100, 3000, 30_000]) {
      // Always the same ones: of random ones, one run in 370 would be further off.
      await add(`exact ${size}`, Array.from({ length: size }, (_, place) => createHash('sha256').update(`user ${place}`).digest().subarray(0, 8)));
      expect(Math.abs((await sketchOf([`exact ${size}`])).count() / size - 1)).toBeLessThan(3 * 0.0081);
    }
  });

  it('refuses what is none', async () => {
    await add('one', users(40));
    const whole = (await redis.getBuffer('one'))!;
    const dense = Buffer.from(whole);
    dense[4] = 0;
    const other = Buffer.from(whole);
    other[4] = 2;
    const long = Buffer.concat([whole, Buffer.of(0x80)]);
    for (const bytes of [Buffer.alloc(0), Buffer.from('of another program'), Buffer.from('HYLL'), whole.subarray(0, 40), dense, other, long]) {
      expect(() => new UserSketch().add(bytes)).toThrow(expect.objectContaining({ code: 'STORE_INCONSISTENT' }));
    }
  });
});
