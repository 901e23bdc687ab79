import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { connect } from '../../../src/redis/connect.js';
import { createKeys, type Keys } from '../../../src/redis/keys.js';
import { keyRingFromMaster } from '../../../src/security/KeyRing.js';
import { TierStore } from '../../../src/storage/metrics/TierStore.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { failingScript } from '../failingScript.js';

const NAME = 'cpu';

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

const ring = await keyRingFromMaster(randomBytes(32));
function open(keys: Keys = createKeys(`t${randomBytes(6).toString('hex')}:`), through: Redis = redis) {
  const tiers = new TierStore({ redis: through, keys, secrets: ring.reading! });
  const put = async (period: number, text: string) => tiers.replace(NAME, 'hour', period, await tiers.readOne(NAME, 'hour', period), Buffer.from(text));
  const texts = async (from: number, to: number) => Array.from(await tiers.read(NAME, 'hour', from, to), ([period, bytes]) => [period, bytes.toString()]);
  return { keys, tiers, put, texts };
}

describe('TierStore', () => {
  it('gives the rollups of a range in order, the latest of each period, and keeps no others', async () => {
    const { keys, put, texts, tiers } = open();
    for (const period of [20, 3, 1000, 4]) expect(await put(period, `of ${period}`)).toBe(true);
    expect(await put(4, 'again')).toBe(true);
    expect(await texts(4, 1000)).toEqual([[4, 'again'], [20, 'of 20'], [1000, 'of 1000']]);
    expect(await texts(0, 500_000)).toEqual([[3, 'of 3'], [4, 'again'], [20, 'of 20'], [1000, 'of 1000']]);
    expect(await texts(5, 4)).toEqual([]);
    expect(await tiers.read('other', 'hour', 0, 10)).toEqual(new Map());
    expect(await tiers.read(NAME, 'minute', 0, 1000)).toEqual(new Map());
    expect([await redis.hlen(keys.metric(NAME).tier('1h')), await redis.hlen(keys.metric(NAME).dataKeys)]).toEqual([8, 4]);
  });

  it('replaces only what was read', async () => {
    const { tiers, put, texts } = open();
    const none = await tiers.readOne(NAME, 'hour', 7);
    expect(await put(7, 'first')).toBe(true);
    const first = await tiers.readOne(NAME, 'hour', 7);
    expect(await tiers.replace(NAME, 'hour', 7, none, Buffer.from('late'))).toBe(false);
    expect(await put(7, 'second')).toBe(true);
    expect(await tiers.replace(NAME, 'hour', 7, first, Buffer.from('late'))).toBe(false);
    expect(await texts(7, 7)).toEqual([[7, 'second']]);
  });

  it('is read whole while it is replaced', async () => {
    const { keys, put } = open();
    await put(1, '0');
    let isOver = false;
    const write = async () => {
      for (let round = 1; round <= 200; round += 1) await put(1, String(round));
      isOver = true;
    };
    const read = async () => {
      let before = 0;
      while (!isOver) {
        const [found] = await open(keys).texts(1, 1);
        expect(Number(found![1])).toBeGreaterThanOrEqual(before);
        before = Number(found![1]);
      }
    };
    await Promise.all([write(), read(), read()]);
  });

  it('opens nothing that was moved to another period, tier or metric', async () => {
    const { keys, tiers, put } = open();
    await put(1, 'secret');
    const { tier, dataKeys } = keys.metric(NAME);
    const id = (await redis.hgetBuffer(tier('1h'), '1'))!;
    await redis.hset(tier('1h'), '2', id);
    await redis.hset(tier('1d'), '1', id, id, (await redis.hmgetBuffer(tier('1h'), id))[0]!);
    await redis.copy(tier('1h'), keys.metric('mem').tier('1h'));
    await redis.copy(dataKeys, keys.metric('mem').dataKeys);
    const cold = open(keys).tiers;
    await expect(cold.read(NAME, 'hour', 2, 2)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    await expect(cold.read(NAME, 'day', 1, 1)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    await expect(cold.read('mem', 'hour', 1, 1)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    expect((await tiers.readOne(NAME, 'hour', 1)).bytes?.toString()).toBe('secret');
  });

  it('has the one before or the new one, whichever command failed', async () => {
    for (let place = 1, isDone = false; !isDone; place += 1) {
      const { keys, put, texts } = open();
      await put(1, 'before');
      const before = await open(keys).tiers.readOne(NAME, 'hour', 1);
      const failing = open(keys, failingScript(redis, 'storeRollup', place)).tiers;
      isDone = await failing.replace(NAME, 'hour', 1, before, Buffer.from('after')).then(
        () => true,
        () => false,
      );
      const [found] = await open(keys).texts(1, 1);
      expect(['before', 'after']).toContain(found![1]);
      expect(await put(1, 'last')).toBe(true);
      expect(await texts(1, 1)).toEqual([[1, 'last']]);
    }
  });

  it('says so where a key holds something else', async () => {
    const { keys, put } = open();
    await redis.set(keys.metric(NAME).tier('1h'), 'of another program');
    await expect(put(1, 'x')).rejects.toBeInstanceOf(Error);
  });
});
