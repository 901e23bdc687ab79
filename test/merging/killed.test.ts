
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { EventStore } from '../../src/storage/EventStore.js';
import { built } from '../support/built.js';
import { runProgram, until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { checkMerged } from './checkMerged.js';
import { chunkOf, createMergeFixture, HOUR, LATER, START, TYPE, type MergeFixture } from './mergeFixture.js';

/** Swaps of 400 chunks, each some ten ms of work. */
const CHUNKS = 1800;
const KILLS = 3;

let server: TestRedis;
let store: MergeFixture;
beforeAll(async () => {
  server = await startRedis();
  store = await createMergeFixture(server.url);
});
afterAll(async () => {
  await store.close();
  await server.stop();
});

async function chunkCount(): Promise<number> {
  return store.redis.zcard(store.keys.event(TYPE).time);
}

async function smallCount(): Promise<number> {
  return Number(await store.redis.hget(store.keys.event(TYPE).counts, `s${HOUR}`));
}

describe('a merge that is killed', () => {
  it('has merged chunks wholly or not at all, wherever it was, and the next one goes on', async () => {
    const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
    for (let from = 0; from < CHUNKS; from += 1000) {
      await writer.store(Array.from({ length: 1000 }, (_, n) => chunkOf(START + from + n)), START);
    }
    const jobs = Array.from({ length: 20 }, (_, n) => store.batch([{ id: `mine${n}`, timestamp: START + n * 300 }]));
    for (const job of jobs) await store.run(job);
    const before = await store.all();

    let cut = 0;
    for (let round = 0; round < KILLS; round += 1) {
      const left = await chunkCount();
      const args = [server.url, store.keys.prefix, store.masterKey.toString('base64'), String(LATER)];
      const merging = runProgram([built('test/merging/programs/mergeProcess.ts'), ...args], {});
      await merging.waitFor('merging\n');
      // Some time before its first swap, or some time after it.
      if (round > 0) await until(async () => (await chunkCount()) < left);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      merging.child.kill('SIGKILL');
      await merging.ended();
      if ((await chunkCount()) < left && (await smallCount()) > 0) cut += 1;
      expect(await store.all()).toEqual(before);
    }
    expect(cut).toBeGreaterThan(0);

    await store.merge();
    expect(await store.all()).toEqual(before);
    expect((await store.events.hour(TYPE, HOUR)).every(({ blocks }) => blocks > 0)).toBe(true);
    for (const job of jobs) expect(await store.run(job)).toMatchObject({ stored: 0, duplicates: 1 });
    await store.merge(LATER + 3_600_000);
    expect(await store.redis.zcard(store.keys.event(TYPE).retired)).toBe(0);
    await checkMerged(store);
  });
});
