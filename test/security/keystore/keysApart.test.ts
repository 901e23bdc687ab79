import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { KeyError } from '../../../src/errors/KeyError.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys } from '../../../src/redis/keys.js';
import { cleanUp } from '../../../src/retention/cleanUp.js';
import { checkKeyIdentity } from '../../../src/security/checkKeyIdentity.js';
import { keyRingFromList, type KeyRing } from '../../../src/security/KeyRing.js';
import { KeysApart } from '../../../src/security/keystore/KeysApart.js';
import { EventReader } from '../../../src/storage/EventReader.js';
import { EventStore } from '../../../src/storage/EventStore.js';
import { TierStore } from '../../../src/storage/metrics/TierStore.js';
import { chunkOf, createMergeFixture, HOUR, LATER, START, TYPE, type MergeFixture } from '../../merging/mergeFixture.js';
import { createMetricMergeFixture } from '../../merging/metrics/metricMergeFixture.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { aofOf } from './aofOf.js';

const DAY_MS = 86_400_000;
const limits = { retentionDays: () => 90, metricRetentionDays: 90, feedHours: 24 };

let data: TestRedis;
let vault: TestRedis;
let master: Buffer;
let prefix: string;
let ring: KeyRing;
let store: MergeFixture;
const opened: KeysApart[] = [];
beforeAll(async () => {
  [data, vault] = await Promise.all([startRedis(), startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })]);
});
afterAll(async () => {
  await Promise.all([data.stop(), vault.stop()]);
});
beforeEach(async () => {
  master = randomBytes(32);
  prefix = `t${randomBytes(6).toString('hex')}:`;
  ring = await ringOf(vault.url);
  store = await createMergeFixture(data.url, { keyRing: ring, prefix });
});
afterEach(async () => {
  await store.close();
  for (const keys of opened.splice(0)) keys.close();
});

/** The keys of a process of its own. */
async function ringOf(url: string | undefined): Promise<KeyRing> {
  const list = { current: master, older: [], next: [], lasting: undefined };
  if (url === undefined) return keyRingFromList(list);
  const dataKeys = new KeysApart({ connect: () => connect(url, 'failFast', 'test-keys', () => undefined), ownKey: createKeys(prefix).keyStore });
  opened.push(dataKeys);
  return keyRingFromList(list, dataKeys);
}
const vaultRedis = () => (ring.reading!.dataKeys as KeysApart).redis; // ringOf made it
const series = () => store.keys.event(TYPE);
const readWith = async (keys: KeyRing) => {
  const reader = new EventReader({ redis: store.redis, keys: store.keys, secrets: keys.reading!, cacheBytes: 0 });
  const tables = await reader.load(TYPE, await reader.hour(TYPE, HOUR), 'all');
  return tables.flatMap((table) => Array.from({ length: table!.count }, (_, row) => table!.event(row).id));
};
const fill = async (count: number) => {
  const writer = new EventStore(store.redis, store.keys, ring.reading!);
  return writer.store(Array.from({ length: count }, (_, place) => chunkOf(START + place)), START);
};

describe('data keys in a Redis of their own', () => {
  it('leave none beside the data, and open what is stored, merged and rolled up there', async () => {
    await fill(20);
    expect(await store.redis.exists(series().dataKeys)).toBe(0);
    expect(await vaultRedis().hlen(series().dataKeys)).toBe(20);
    const before = await store.all();
    expect((await store.merge()).chunksIn).toBe(20);
    expect(await store.all()).toEqual(before);
    expect(await store.redis.exists(series().dataKeys)).toBe(0);

    const metrics = await createMetricMergeFixture(data.url, { keyRing: ring, prefix });
    await metrics.add(Array.from({ length: 50 }, (_, place) => ({ name: 'cpu', value: place, tags: { host: `h${place % 5}` }, timestamp: START + place * 60_000 })));
    const samples = await metrics.get({ name: 'cpu' });
    await metrics.merge();
    metrics.forget();
    expect(await metrics.get({ name: 'cpu' })).toEqual(samples);
    expect((await new TierStore({ redis: metrics.redis, keys: metrics.keys, secrets: ring.reading! }).read('cpu', 'minute', 0, 1_000_000)).size).toBe(1);
    expect(await metrics.redis.exists(metrics.keys.metric('cpu').dataKeys)).toBe(0);
    metrics.redis.disconnect();
  });

  it('go with the chunks that are merged, expire, or are rolled up again', async () => {
    await fill(12);
    await store.merge();
    const merged = await vaultRedis().hkeysBuffer(series().dataKeys);
    expect(merged).toHaveLength(13);
    await store.merge(LATER + 3_600_000);
    expect(await vaultRedis().hlen(series().dataKeys)).toBe(1);
    await cleanUp({ redis: store.redis, keys: store.keys, dataKeys: ring.reading!.dataKeys, now: () => START + 100 * DAY_MS }, limits);
    expect(await vaultRedis().exists(series().dataKeys)).toBe(0);
  });

  it('stay those of the first run when a job runs again, whatever became of that', async () => {
    const chunk = chunkOf(START);
    const again = async () => new EventStore(store.redis, store.keys, (await ringOf(vault.url)).reading!).store([chunk], START);
    expect((await Promise.all([again(), again(), again()])).flat().map(({ kind }) => kind).sort()).toEqual(['known', 'known', 'stored']);
    expect(await readWith(ring)).toHaveLength(1);
    // Killed between key and chunk: the next run seals under the key that is there.
    const second = chunkOf(START + 1);
    const { wrappedKey } = ring.reading!.chunks.seal({ kind: 'events', series: TYPE, hour: HOUR, chunkId: second.chunkId, count: 1, earliest: 0, latest: 0 }, Buffer.alloc(1));
    await ring.reading!.dataKeys.put([{ series: series(), chunkId: second.chunkId, wrappedKey }]);
    await new EventStore(store.redis, store.keys, ring.reading!).store([second], START);
    expect(await ring.reading!.dataKeys.get(store.redis, series(), [second.chunkId])).toEqual([wrappedKey]);
    expect(await readWith(await ringOf(vault.url))).toHaveLength(2);
  });

  it('make old copies of a chunk noise once they are destroyed, also what lay in their append-only file', async () => {
    await fill(3);
    const [backup, index] = [await store.redis.dumpBuffer(series().chunks), await store.redis.dumpBuffer(series().time)];
    const [doomed] = await store.events.hour(TYPE, HOUR);
    const [wrappedKey] = await ring.reading!.dataKeys.get(store.redis, series(), [doomed!.chunkId]);
    expect(await ring.reading!.dataKeys.destroy(store.redis, series(), [doomed!.chunkId])).toBe(1);
    await store.redis.del(series().chunks, series().time);
    await store.redis.restore(series().chunks, 0, backup);
    await store.redis.restore(series().time, 0, index);
    const stranger = await ringOf(vault.url);
    await expect(readWith(stranger)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE', message: expect.stringContaining('destroyed') });
    const reader = new EventReader({ redis: store.redis, keys: store.keys, secrets: stranger.reading!, cacheBytes: 0 });
    const others = (await reader.hour(TYPE, HOUR)).filter(({ chunkId }) => !chunkId.equals(doomed!.chunkId));
    expect((await reader.load(TYPE, others, 'all')).map((table) => table!.count)).toEqual([1, 1]);

    expect(aofOf(vault.dir).includes(wrappedKey!)).toBe(true);
    await ring.reading!.dataKeys.rewriteLog(store.redis);
    for (let info = 'aof_rewrite_in_progress:1'; /aof_rewrite_(in_progress|scheduled):1/.test(info); ) info = await vaultRedis().info('persistence');
    expect(aofOf(vault.dir).includes(wrappedKey!)).toBe(false);
  });

  it('are swept once their chunks are gone for an hour, and only where the data is theirs', async () => {
    await checkKeyIdentity(store.redis, store.keys, ring);
    await fill(2);
    const { dataKeys } = ring.reading!;
    const orphan = randomBytes(16);
    const young = randomBytes(16);
    await dataKeys.put([orphan, young].map((chunkId) => ({ series: series(), chunkId, wrappedKey: randomBytes(44) })));
    const hourAgo = Buffer.alloc(4);
    hourAgo.writeUInt32BE(Math.floor(Date.now() / 1000) - 3700);
    const age = async (chunkId: Buffer) => vaultRedis().hset(series().dataKeys, chunkId, Buffer.concat([(await vaultRedis().hgetBuffer(series().dataKeys, chunkId))!.subarray(0, 44), hourAgo]));
    for (const chunkId of [orphan, ...(await store.events.hour(TYPE, HOUR)).map((entry) => entry.chunkId)]) await age(chunkId);
    const sweep = async () => (await cleanUp({ redis: store.redis, keys: store.keys, dataKeys, now: () => START }, limits)).orphanKeys;
    const identity = await store.redis.hgetall(store.keys.keyIdentity);

    expect(await sweep()).toBe(1);
    expect(await vaultRedis().hexists(series().dataKeys, young)).toBe(1);
    expect(await readWith(ring)).toHaveLength(2);

    // Redis lost the data, and is used again before the backup is back: the keys wait for it.
    await store.redis.del(series().chunks, series().time, store.keys.keyIdentity);
    expect(await sweep()).toBe(0);
    await checkKeyIdentity(store.redis, store.keys, ring);
    expect(await sweep()).toBe(0);
    await store.redis.hset(store.keys.keyIdentity, identity);
    expect(await sweep()).toBe(2);
  });

  it('of what was stored beside the data before are found there, and removed from there', async () => {
    const beside = await ringOf(undefined);
    await new EventStore(store.redis, store.keys, beside.reading!).store([chunkOf(START), chunkOf(START + 1)], START);
    await fill(1);
    expect(await readWith(ring)).toHaveLength(3);
    const [first] = await store.events.hour(TYPE, HOUR);
    expect(await ring.reading!.dataKeys.destroy(store.redis, series(), [first!.chunkId])).toBe(1);
    await expect(readWith(ring)).rejects.toBeInstanceOf(KeyError);
  });

  it('that cannot be reached keep a chunk from being stored, and leave nothing of it', async () => {
    const away = await ringOf('redis://127.0.0.1:1');
    await expect(new EventStore(store.redis, store.keys, away.reading!).store([chunkOf(START)], START)).rejects.toThrow(/Connection|closed|retries/i);
    expect(await store.redis.exists(...Object.values(series()).filter((key) => typeof key === 'string'))).toBe(0);
    await fill(1);
    await expect(readWith(away)).rejects.toThrow(/Connection|closed|retries/i);
  });
});

describe('processes with another key store', () => {
  it('are refused at start; one that had none before gets one', async () => {
    await checkKeyIdentity(store.redis, store.keys, await ringOf(undefined));
    await checkKeyIdentity(store.redis, store.keys, ring);
    await checkKeyIdentity(store.redis, store.keys, await ringOf(vault.url));
    for (const other of [await ringOf(undefined), await ringOf(data.url)]) {
      await expect(checkKeyIdentity(store.redis, store.keys, other)).rejects.toMatchObject({ code: 'KEY_MISMATCH', message: expect.stringContaining('ANALYTICS_KEY_STORE_URL') });
    }
  });
});
