
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { eventIdAt } from '../../src/codec/batchId.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { checkMerged } from '../merging/checkMerged.js';
import { createMergeFixture, HOUR, LATER, START, type MergeFixture } from '../merging/mergeFixture.js';
import type { Job } from '../queries/eventFixture.js';
import { built } from '../support/built.js';
import { runProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

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

const program = built('test/exactlyOnce/programs/dyingWriter.ts');
async function dieAfter(chunks: number, job: Job): Promise<void> {
  const args = [server.url, store.keys.prefix, store.masterKey.toString('base64'), job.id, JSON.stringify(job.payload), String(chunks)];
  expect(await runProgram([program, ...args], {}).ended()).toBe('SIGKILL');
}

describe('a batch of which one chunk was written when its worker was killed', () => {
  it('is finished by the next run, though that chunk was merged and some events were repeated in between', async () => {
    const job = store.batch([{ id: 'mine', timestamp: START }, { timestamp: START + 1 }, { id: 'other', timestamp: START + HOUR_MS }, { timestamp: START + HOUR_MS + 1 }]);
    await dieAfter(1, job);
    expect([(await store.all(HOUR)).length, (await store.all(HOUR + 1)).length]).toEqual([2, 0]);

    // Of the chunk that was written, and of the one that was not.
    const repeat = store.batch([{ id: 'mine', timestamp: START + 5 }, { id: 'other', timestamp: START + 5 }, { id: eventIdAt(job.id, 1), timestamp: START + 5 }]);
    expect(await store.run(repeat)).toMatchObject({ stored: 1, duplicates: 2 });
    await store.merge(LATER, { graceMs: 0 });
    await store.merge(LATER + 1, { graceMs: 0 });

    // It dies as soon as it has heard which events the other chunk may not hold any more.
    await dieAfter(2, job);
    expect(await store.run(job)).toMatchObject({ stored: 1, duplicates: 3 });
    expect(await store.run(job)).toMatchObject({ stored: 0, duplicates: 4 });
    const ids = [...(await store.all(HOUR)), ...(await store.all(HOUR + 1))].map(({ event }) => event.id);
    expect(ids).toEqual(['mine', eventIdAt(job.id, 1), 'other', eventIdAt(job.id, 3)]);
    await checkMerged(store);
  });
});
