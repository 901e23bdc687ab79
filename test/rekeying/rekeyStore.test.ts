import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { countKeyUse } from '../../src/rekeying/countKeyUse.js';
import { readRekeyStatus } from '../../src/rekeying/rekeyStatus.js';
import { rekeyStore } from '../../src/rekeying/rekeyStore.js';
import { retireKey } from '../../src/rekeying/retireKey.js';
import { cleanUp } from '../../src/retention/cleanUp.js';
import { checkKeyIdentity } from '../../src/security/checkKeyIdentity.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { KeysApart } from '../../src/security/keystore/KeysApart.js';
import { EventStore } from '../../src/storage/EventStore.js';
import { chunkOf, START, TYPE } from '../merging/mergeFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createRekeyScene, type RekeyScene } from './rekeyScene.js';

let server: TestRedis;
let scene: RekeyScene;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  scene = await createRekeyScene(server.url);
});
afterEach(() => scene.close());

describe.each(['rotate', 'reencrypt'] as const)('to %s', (work) => {
  it('leaves everything readable, with the new key alone and to the last byte, and needs nothing the second time', async () => {
    const before = await scene.readAll(scene.older);
    await expect(scene.readAll(scene.alone)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    const report = await scene.rekey(work);
    expect(report).toMatchObject({ failed: 0, isComplete: true });
    expect(report.resealed).toBe(8);
    expect(work === 'rotate' ? report.rewrapped : report.reencrypted).toBeGreaterThan(10);
    expect(await scene.readAll(scene.alone)).toEqual(before);
    expect(await scene.rekey(work)).toMatchObject({ rewrapped: 0, resealed: 0, reencrypted: 0, failed: 0, isComplete: true });
    const { redis, keys } = await scene.events(scene.both);
    expect((await readRekeyStatus(redis, keys))?.report).toMatchObject({ work, isComplete: true });
  });

  it('fails no read and no write of those that go on meanwhile, with the new key or the older one known as next', async () => {
    const readers = [await scene.events(scene.both), await scene.metrics(scene.both)] as const;
    const writer = new EventStore(readers[0].redis, readers[0].keys, scene.both.reading!);
    const before = await readers[0].all();
    let rounds = 0;
    let isDone = false;
    const working = (async () => {
      while (!isDone) {
        readers[1].forget();
        expect((await readers[0].all()).length).toBe(before.length + rounds);
        expect(await readers[1].get({ name: 'cpu' })).toHaveLength(57);
        await writer.store([chunkOf(START + 2000 + rounds)], START);
        rounds += 1;
      }
    })();
    for (let round = 0; round < 3; round += 1) await scene.rekey(work);
    isDone = true;
    await working;
    expect(rounds).toBeGreaterThan(0);
    expect(await readers[0].all()).toHaveLength(before.length + rounds);
  });

  it('goes on from wherever it was ended, and says so meanwhile', async () => {
    const before = await scene.readAll(scene.both);
    const { redis, keys } = await scene.events(scene.both);
    let runs = 0;
    for (let isComplete = false; !isComplete; runs += 1) {
      // Time for one step more each time.
      let left = runs;
      const stop = new AbortController();
      const counted = new Proxy(stop.signal, { get: (target, name) => (name === 'aborted' ? (left -= 1) < 0 : Reflect.get(target, name)) });
      ({ isComplete } = await scene.rekey(work, { signal: counted }));
      expect((await readRekeyStatus(redis, keys))?.report.isComplete).toBe(isComplete);
      expect(await scene.readAll(scene.both)).toEqual(before);
    }
    expect(runs).toBeGreaterThan(3);
    expect(await scene.readAll(scene.alone)).toEqual(before);
  });

  it('leaves what it cannot open as it is, byte by byte, and counts it', async () => {
    const { redis, keys } = await scene.events(scene.both);
    const series = keys.event(TYPE);
    const stranger = await keyRingFromMaster(Buffer.alloc(32, 1));
    const [chunkId] = (await redis.hkeysBuffer(series.dataKeys)).filter((id) => id.length === 16);
    const place = { kind: 'events', series: TYPE, hour: 1, chunkId: chunkId!, count: 1, earliest: 0, latest: 0 };
    const { wrappedKey } = stranger.reading!.chunks.seal(place, Buffer.alloc(1));
    await redis.hset(series.dataKeys, chunkId!, wrappedKey);
    const stored = await redis.hgetBuffer(series.chunks, chunkId!);
    const report = await scene.rekey(work);
    expect(report.failed).toBeGreaterThan(0);
    expect(await redis.hgetBuffer(series.dataKeys, chunkId!)).toEqual(wrappedKey);
    expect(await redis.hgetBuffer(series.chunks, chunkId!)).toEqual(stored);
  });

  it('is not for a process that only holds the public key', async () => {
    const { redis, keys } = await scene.events(scene.both);
    await expect(rekeyStore({ redis, keys, secrets: undefined }, work)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
  });
});

describe('a key', () => {
  it('is counted by what is under it, and can go once that is nothing', async () => {
    const { redis, keys } = await scene.events(scene.both);
    await checkKeyIdentity(redis, keys, scene.older);
    await checkKeyIdentity(redis, keys, scene.both);
    const run = { redis, keys, secrets: scene.both.reading! };
    expect(await countKeyUse(run)).toMatchObject([{ use: 'current', dataKeys: 0, fields: 0 }, { use: 'older', fields: 8, publicId: scene.older.publicId }]);
    await expect(checkKeyIdentity(redis, keys, scene.alone)).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
    await expect(retireKey(run, scene.older.publicId)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE', message: expect.stringContaining('rotate') });
    await expect(retireKey(run, scene.both.publicId)).rejects.toMatchObject({ message: expect.stringContaining('current') });
    await expect(retireKey(run, '0123456789abcdef')).rejects.toMatchObject({ message: expect.stringContaining('status') });
    await scene.rekey('rotate');
    await retireKey(run, scene.older.publicId);
    await checkKeyIdentity(redis, keys, scene.alone);
    await expect(checkKeyIdentity(redis, keys, scene.older)).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
  });

  it('that is lost lets processes start once somebody accepts it; what is under it stays, and fails with a typed error', async () => {
    const { redis, keys } = await scene.events(scene.both);
    await checkKeyIdentity(redis, keys, scene.older);
    await checkKeyIdentity(redis, keys, scene.both);
    const run = { redis, keys, secrets: scene.alone.reading! };
    expect((await countKeyUse(run))[1]).toMatchObject({ use: 'absent', publicId: scene.older.publicId });
    const before = await redis.hgetall(keys.event(TYPE).chunks);
    await expect(retireKey(run, scene.older.publicId)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    await retireKey(run, scene.older.publicId, true);
    await checkKeyIdentity(redis, keys, scene.alone);
    const alone = await scene.events(scene.alone);
    await expect(alone.all()).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    await expect(alone.merge()).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    expect(await redis.hgetall(keys.event(TYPE).chunks)).toEqual(before);
    // Found again: everything opens.
    expect(await (await scene.events(scene.both)).all()).toHaveLength(35);
  });
});

describe('data keys in a Redis of their own', () => {
  it('are rotated there, and those beside the data move there with what they seal', async () => {
    const vault = await startRedis();
    const dataKeys = new KeysApart({ connect: () => connect(vault.url, 'failFast', 'test-keys', () => undefined), ownKey: createKeys('v:').keyStore });
    const apart = await createRekeyScene(server.url, dataKeys);
    try {
      const before = await apart.readAll(apart.older);
      expect((await apart.rekey('rotate')).rewrapped).toBeGreaterThan(20);
      expect(await apart.readAll(apart.alone)).toEqual(before);

      const { redis, keys } = await apart.events(apart.both);
      const beside = { ...apart.both.reading!, dataKeys: scene.both.reading!.dataKeys };
      await new EventStore(redis, keys, beside).store([chunkOf(START + 5000)], START);
      expect(await redis.hlen(keys.event(TYPE).dataKeys)).toBe(1);
      expect(await apart.rekey('reencrypt')).toMatchObject({ reencrypted: 1, failed: 0, isComplete: true });
      await cleanUp({ redis, keys, dataKeys, now: () => Date.now() + 700_000 }, { retentionDays: () => 36_500, metricRetentionDays: 36_500, feedHours: 24 });
      expect(await redis.exists(keys.event(TYPE).dataKeys)).toBe(0);
      expect(await (await apart.events(apart.alone)).all()).toHaveLength(36);
    } finally {
      apart.close();
      dataKeys.close();
      await vault.stop();
    }
  });
});
