import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { connect } from '../../src/redis/connect.js';
import { Script, script, type ScriptCall } from '../../src/redis/Script.js';
import { startRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url, 'failFast', 'test', () => undefined);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  await redis.script('FLUSH');
  await redis.config('RESETSTAT');
});

/** Removes the first entries of a feed. */
const trim = (key: string): ScriptCall => ({ keys: [key], args: [0, 1, 100] });

async function addFeed(key: string, entries: number): Promise<void> {
  for (let place = 0; place < entries; place += 1) await redis.xadd(key, `${place + 1}-0`, 'at', String(Date.now()));
}

/** How often Redis met the command since the test began. */
async function calls(command: string): Promise<number> {
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await redis.info('commandstats'))?.[1] ?? 0);
}

describe('Script', () => {
  it('is sent whole once, and by its hash from then on', async () => {
    const trimFeed = new Script('trimFeed');
    await addFeed('feed', 3);
    expect(await trimFeed.run(redis, trim('feed'))).toEqual([Buffer.from('removed'), 2]);
    for (let time = 0; time < 5; time += 1) await trimFeed.run(redis, trim('feed'));
    expect([await calls('evalsha'), await calls('eval')]).toEqual([6, 1]);
  });

  it('runs after SCRIPT FLUSH and after a restart of Redis', async () => {
    await script('trimFeed').run(redis, trim('feed'));
    await redis.script('FLUSH');
    await addFeed('feed', 2);
    expect(await script('trimFeed').run(redis, trim('feed'))).toEqual([Buffer.from('removed'), 1]);
    const patient = connect(server.url, 'patient', 'test', () => undefined);
    try {
      await patient.ping();
      await server.restart();
      expect(await script('trimFeed').run(patient, trim('feed'))).toEqual([Buffer.from('removed'), 0]);
    } finally {
      patient.disconnect();
    }
  });

  it('runs many in one round trip, in order, though none of them is known', async () => {
    for (const [place, key] of ['a', 'b', 'c', 'd'].entries()) await addFeed(key, place + 1);
    const replies = await script('trimFeed').runMany(redis, ['a', 'b', 'c', 'd'].map(trim));
    expect(replies).toEqual([0, 1, 2, 3].map((removed) => [Buffer.from('removed'), removed]));
    expect(await script('trimFeed').runMany(redis, [])).toEqual([]);
  });

  it('does the others though one fails, once each, and then throws', async () => {
    await Promise.all(['a', 'c'].map(async (key) => addFeed(key, 3)));
    // tonumber(nil) arithmetic: the call in the middle fails inside the script.
    const broken: ScriptCall = { keys: ['a'], args: ['x', 'y', 'z'] };
    for (const isKnown of [false, true]) {
      if (isKnown) await Promise.all(['a', 'c'].map(async (key) => redis.del(key).then(async () => addFeed(key, 3))));
      await expect(script('trimFeed').runMany(redis, [trim('a'), broken, trim('c')])).rejects.toThrow(/ERR|user_script/);
      expect([await redis.xlen('a'), await redis.xlen('c')]).toEqual([1, 1]);
    }
  });

  it('takes and gives bytes as they are', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 34, 128]);
    const id = Buffer.from(Array.from({ length: 16 }, (_, place) => place * 17));
    const keys = ['c', 't', 'k', 'n', 'tags', 'absorbed', 'retired'];
    const call: ScriptCall = { keys, args: [id, bytes, bytes, bytes, 1, 5, 7, 10, 0, 0, 0, '1', Buffer.alloc(8, 255), bytes] };
    expect(await script('storeMetricChunk').run(redis, call)).toEqual(expect.arrayContaining([Buffer.from('stored')]));
    expect(await redis.hgetBuffer('c', id)).toEqual(bytes);
    expect(await redis.hgetBuffer('k', id)).toEqual(bytes);
  });

  it('is refused by its name when there is no such file', () => {
    expect(() => new Script('noSuchScript')).toThrow('noSuchScript.lua');
  });
});
