import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { readScrubFindings, readScrubStatus } from '../../src/rekeying/scrubStatus.js';
import { scrubStore } from '../../src/rekeying/scrubStore.js';
import type { MergeFixture } from '../merging/mergeFixture.js';
import { TYPE } from '../merging/mergeFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createRekeyScene, type RekeyScene } from './rekeyScene.js';

let server: TestRedis;
let scene: RekeyScene;
let store: MergeFixture;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  scene = await createRekeyScene(server.url);
  store = await scene.events(scene.both);
});
afterEach(() => scene.close());

const context = () => ({ redis: store.redis, keys: store.keys, secrets: scene.both.reading });
const scrub = async () => scrubStore(context());

/** Changes one byte of a field. */
async function flip(hash: string, field: Buffer, at: (length: number) => number = (length) => length >> 1): Promise<void> {
  const bytes = (await store.redis.hgetBuffer(hash, field))!;
  bytes[at(bytes.length)]! ^= 1;
  await store.redis.hset(hash, field, bytes);
}

describe('the scrubber', () => {
  it('opens everything there is, and finds nothing where nothing was changed', async () => {
    const report = await scrub();
    expect(report).toMatchObject({ found: 0, position: null });
    const { time } = store.keys.event(TYPE);
    const metric = store.keys.metric('cpu');
    const rollups = (await Promise.all(['1m', '1h', '1d'].map(async (tier) => store.redis.hlen(metric.tier(tier))))).reduce((sum, fields) => sum + fields / 2, 0);
    expect(report.chunks).toBe((await store.redis.zcard(time)) + (await store.redis.zcard(metric.time)) + rollups);
    expect(report.bytes).toBeGreaterThan(1000);
  });

  it('finds, in one round, any field in which a byte was changed, and nothing of it was given out meanwhile', async () => {
    const { chunks, dataKeys } = store.keys.event(TYPE);
    const metric = store.keys.metric('cpu');
    const hashes = [chunks, dataKeys, metric.chunks, metric.dataKeys, metric.tier('1m'), metric.tier('1h'), metric.tier('1d')];
    const indexed = new Set([...(await store.redis.zrangebyscoreBuffer(store.keys.event(TYPE).time, '-inf', '+inf')), ...(await store.redis.zrangebyscoreBuffer(metric.time, '-inf', '+inf'))].map((entry) => entry.subarray(0, 16).toString('hex')));
    const rolledUp = new Set<string>();
    for (const tier of hashes.slice(4)) for (const field of await store.redis.hkeysBuffer(tier)) if (field.length === 16) rolledUp.add(field.toString('hex'));
    let changed = 0;
    for (const hash of hashes) {
      for (const field of await store.redis.hkeysBuffer(hash)) {
        // Periods are no chunks, and what was merged is read by nobody any more.
        const name = field.subarray(0, 16).toString('hex');
        if (field.length < 16 || !(indexed.has(name) || rolledUp.has(name))) continue;
        const before = (await store.redis.hgetBuffer(hash, field))!;
        await flip(hash, field, (length) => length - 1);
        expect({ ...(await scrub()), field: field.toString('hex') }).toMatchObject({ found: 1, position: null });
        expect(await readScrubFindings(store.redis, store.keys)).toEqual([expect.objectContaining({ chunkId: name, code: expect.stringMatching(/SEAL_BROKEN|KEY_UNAVAILABLE/) })]);
        await store.redis.hset(hash, field, before);
        changed += 1;
      }
    }
    expect(changed).toBeGreaterThan(20);
    expect(await scrub()).toMatchObject({ found: 0 });
    expect(await readScrubFindings(store.redis, store.keys)).toEqual([]);
  });

  it('finds a chunk that is in the index and nowhere else, one whose key is gone, and each of several', async () => {
    const series = store.keys.event(TYPE);
    const [one, two, three] = await store.events.hour(TYPE, 480_000);
    await store.redis.hdel(series.chunks, one!.chunkId);
    await store.redis.hdel(series.dataKeys, two!.chunkId);
    await flip(series.chunks, three!.chunkId);
    expect(await scrub()).toMatchObject({ found: 3 });
    const found = new Map((await readScrubFindings(store.redis, store.keys)).map(({ chunkId, code }) => [chunkId, code]));
    expect(found).toEqual(new Map([[one!.chunkId.toString('hex'), 'MISSING'], [two!.chunkId.toString('hex'), 'KEY_UNAVAILABLE'], [three!.chunkId.toString('hex'), 'SEAL_BROKEN']]));
  });

  it('goes on where it was ended, and begins a round no sooner than it should', async () => {
    const whole = await scrub();
    const start = Date.now() + 1000;
    let now = start;
    const part = async (aborted: boolean) => scrubStore({ ...context(), now: () => now }, { signal: aborted ? AbortSignal.abort() : new AbortController().signal, intervalMs: 500 });
    const first = await part(true);
    expect(first).toMatchObject({ chunks: 0, beganAt: start, position: { from: null } });
    now += 400;
    expect(await part(false)).toMatchObject({ beganAt: start, chunks: whole.chunks, position: null });
    expect(await part(false)).toMatchObject({ beganAt: start });
    now += 200;
    expect(await part(false)).toMatchObject({ beganAt: start + 600, chunks: whole.chunks });
    expect((await readScrubStatus(store.redis, store.keys))?.report.beganAt).toBe(start + 600);
  });

  it('is not for a process that only holds the public key', async () => {
    await expect(scrubStore({ ...context(), secrets: undefined })).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
  });
});
