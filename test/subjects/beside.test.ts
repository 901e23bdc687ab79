import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { addHours } from '../../src/backup/addHours.js';
import { keepErasures } from '../../src/backup/KeptErasures.js';
import { restoreBackup } from '../../src/backup/restoreBackup.js';
import { takeBackup } from '../../src/backup/takeBackup.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { mergeAll } from '../../src/merging/mergeAll.js';
import { connect } from '../../src/redis/connect.js';
import { EventReader } from '../../src/storage/EventReader.js';
import { watchPurges } from '../../src/storage/watchPurges.js';
import { createSubjects } from '../../src/subjects/createSubjects.js';
import { unfinishedRequests } from '../../src/subjects/ErasureRequest.js';
import { createBackupFolders } from '../backup/backupFixture.js';
import { wipe } from '../backup/wipe.js';
import { checkMerged } from '../merging/checkMerged.js';
import { HOUR, LATER, readAll, START, TYPE } from '../merging/mergeFixture.js';
import type { GivenEvent, Job } from '../queries/eventFixture.js';
import { built } from '../support/built.js';
import { runProgram, until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { openPractice, type Practice } from './Practice.js';
import { worker } from './worker.js';
import { people } from '../support/witness/people.js';

let server: TestRedis;
let practice: Practice;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  practice = await openPractice(server.url);
});
afterEach(async () => practice.close());

const HOURS = [HOUR, HOUR + 1];
/** Every third event is Ann's. */
function events(from: number, count: number): GivenEvent[] {
  return Array.from({ length: count }, (_, place) => {
    const number = from + place;
    return { id: `event${number}`, userId: number % 3 === 0 ? people.ann : `user${number % 7}`, properties: { number }, timestamp: START + ((number * 7919) % (2 * HOUR_MS)) };
  });
}
async function stored(): Promise<{ id: string; userId?: string | undefined }[]> {
  return (await Promise.all(HOURS.map(async (hour) => readAll(practice.store.events, hour)))).flat().map(({ event }) => event);
}
const others = (from: number, count: number): string[] => events(from, count).flatMap(({ id, userId }) => (userId === people.ann ? [] : [id!])).sort();

describe('an erasure beside writers, merges and readers', () => {
  it('takes what was tracked before, keeps what comes after, and shows no other event twice or not at all', async () => {
    const { store } = practice;
    const run = worker(store);
    await run(store.batch(events(0, 60)));
    let isOver = false;
    let next = 60;
    const earlier: Job[] = [];
    const write = async (): Promise<void> => {
      while (!isOver) {
        const from = next;
        next += 5;
        const job = store.batch(events(from, 5));
        await run(job);
        earlier.push(job);
        if (from % 3 === 0) await run(earlier[from % earlier.length]!);
        await sleep(5);
      }
    };
    const merge = async (): Promise<void> => {
      const redis = connect(server.url, 'patient', 'merger', () => undefined);
      for (let round = 0; !isOver; round += 1) {
        await mergeAll({ redis, keys: store.keys, secrets: store.keyRing.reading!, now: () => LATER + round * 200_000 });
        await sleep(20);
      }
      redis.disconnect();
    };
    const read = async (): Promise<void> => {
      while (!isOver) {
        const before = next - 20;
        const list = await store.get({ type: TYPE, limit: 10_000 });
        const ids = new Set(list.map(({ id }) => id));
        expect(ids.size).toBe(list.length);
        // Those of the first writes were stored long before; of them nobody's may be missing but Ann's.
        for (const id of others(0, Math.min(before, 60))) expect(ids.has(id)).toBe(true);
        await sleep(5);
      }
    };
    const beside = Promise.all([write(), write(), merge(), read()]);
    const receipts = [];
    for (let round = 0; round < 3; round += 1) {
      const from = next;
      expect(await until(async () => Promise.resolve(next > from + 30), 60_000)).toBe(true);
      receipts.push(await practice.subjects.erase(people.ann, { mode: 'delete' }));
    }
    isOver = true;
    await beside;
    expect(receipts.every(({ content }) => content.left.events === 0)).toBe(true);
    const last = receipts.at(-1)!.content.erasedAt;
    for (const job of earlier) await run(job);
    const found = await stored();
    expect(found.flatMap(({ id, userId }) => (userId === people.ann ? [] : [id])).sort()).toEqual(others(0, next));
    // What is Ann's was tracked after the last erasure.
    const late = new Set(earlier.filter(({ id }) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) > last).map(({ id }) => id));
    expect(found.filter(({ userId }) => userId === people.ann).length).toBeLessThanOrEqual(late.size * 2);
    await store.merge(LATER + 24 * HOUR_MS);
    await store.merge(LATER + 48 * HOUR_MS);
    await checkMerged(store);
  }, 120_000);

  it('lets another of the same person and one of somebody else run at once', async () => {
    const { store } = practice;
    await store.run(store.batch(events(0, 90)));
    await store.merge(LATER + HOUR_MS);
    await Promise.all([people.ann, people.ann, 'user1', 'user2'].map(async (userId) => practice.subjects.erase(userId, { mode: 'delete' })));
    expect((await stored()).filter(({ userId }) => [people.ann, 'user1', 'user2'].includes(userId!))).toEqual([]);
    expect(await stored()).toHaveLength(events(0, 90).filter(({ userId }) => ![people.ann, 'user1', 'user2'].includes(userId!)).length);
    await checkMerged(store);
  }, 60_000);
});

describe('an erasure that is cut short', () => {
  it('is gone on with, wherever it was ended, and ends with one receipt', async () => {
    const { store, queue, context } = practice;
    for (let step = 0; ; step += 1) {
      const user = `person${step}`;
      const given = (n: number): GivenEvent => ({ id: `${user}-${n}`, userId: n % 2 === 0 ? user : people.bob, timestamp: START + n * 600_000 });
      await store.run(store.batch([0, 1, 2, 3].map(given)));
      await store.run(store.batch([{ ...given(4), type: 'error' }]));
      const waiting = store.batch([6, 7].map(given));
      await queue.add('batch', waiting.payload, { jobId: waiting.id, priority: 1 });
      let left = step;
      const ending = new AbortController();
      const cut = createSubjects({
        context,
        by: { subject: 'test', via: 'test' },
        gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
        wakeWorker: async () => Promise.resolve(),
        signal: ending.signal,
        onProgress: () => {
          left -= 1;
          if (left < 0) ending.abort(new Error('The process was ended.'));
        },
      });
      const isDone = await cut.erase(user, { mode: 'delete' }).then(
        () => true,
        () => false,
      );
      const ids = await unfinishedRequests(context);
      expect(ids).toHaveLength(isDone ? 0 : 1);
      for (const id of ids) expect((await practice.subjects.resume(id))?.content.left).toMatchObject({ events: 0, queued: 0, feedEntries: 0 });
      expect((await practice.exported(user)).filter(({ record }) => record === 'event')).toEqual([]);
      expect((await practice.subjects.receipts()).length).toBe(step + 1);
      await checkMerged(store);
      await checkMerged(store, 'error');
      if (isDone) {
        expect(step).toBeGreaterThan(6);
        break;
      }
    }
  }, 120_000);

  it('is gone on with after its process was killed', async () => {
    const { store } = practice;
    for (let from = 0; from < 900; from += 30) await store.run(store.batch(events(from, 30)));
    const program = built('test/subjects/programs/eraser.ts');
    const eraser = runProgram([program, server.url, store.keys.prefix, store.masterKey.toString('base64')], {});
    await eraser.waitFor('erasing\n', 60_000);
    await sleep(Math.random() * 60);
    eraser.child.kill('SIGKILL');
    await eraser.ended();
    for (const id of await unfinishedRequests(practice.context)) {
      // Its lease is another's no longer once it has expired: after half a minute, which nobody waits for here.
      await store.redis.del(store.keys.erasureLease(id));
      await practice.subjects.resume(id);
    }
    const [receipt] = await practice.subjects.receipts();
    expect(receipt?.content.left.events).toBe(0);
    expect((await stored()).map(({ id }) => id).sort()).toEqual(others(0, 900));
    await checkMerged(store);
  }, 120_000);
});

describe('after an erasure', () => {
  it('a backup from before holds everybody else, and of the person nothing that opens', async () => {
    const { store, context } = practice;
    const folders = createBackupFolders();
    try {
      const backup = folders.context(store);
      await store.run(store.batch(events(0, 60)));
      await store.merge(LATER + HOUR_MS);
      await store.run(store.batch(events(60, 30)));
      await takeBackup(backup, 'full');
      const subjects = createSubjects({
        context: { ...context, backups: { keysId: async () => backup.folder.keysId(), addHours: async (hours) => addHours(backup, hours), keepErasures: async () => keepErasures(backup) } },
        by: { subject: 'test', via: 'test' },
        gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
        wakeWorker: async () => Promise.resolve(),
      });
      await subjects.erase(people.ann, { mode: 'delete' });
      await wipe(store.redis, store.keys.prefix);
      await restoreBackup(backup);
      expect((await stored()).map(({ id }) => id).sort()).toEqual(others(0, 90));
      await checkMerged(store);
    } finally {
      folders.remove();
    }
  }, 60_000);

  it('every process forgets what it holds of chunks that were replaced', async () => {
    const { store } = practice;
    const reader = new EventReader({ redis: store.redis, keys: store.keys, secrets: store.keyRing.reading! });
    watchPurges({ redis: store.redis, keys: store.keys, caches: [reader], everyMs: 20 });
    await store.run(store.batch(events(0, 10)));
    await readAll(reader);
    expect(reader.isEmpty).toBe(false);
    await sleep(100);
    expect(reader.isEmpty).toBe(false);
    await practice.subjects.erase(people.ann, { mode: 'delete' });
    expect(await until(async () => Promise.resolve(reader.isEmpty), 20_000)).toBe(true);
    expect((await readAll(reader)).some(({ event }) => event.userId === people.ann)).toBe(false);
  });
});
