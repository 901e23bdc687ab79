import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { addHours } from '../../src/backup/addHours.js';
import { forgetKeys } from '../../src/backup/forgetKeys.js';
import { keepErasures } from '../../src/backup/KeptErasures.js';
import { restoreBackup } from '../../src/backup/restoreBackup.js';
import { takeBackup } from '../../src/backup/takeBackup.js';
import { verifyBackup } from '../../src/backup/verifyBackup.js';
import { createSubjects } from '../../src/subjects/createSubjects.js';
import { createMergeFixture, HOUR, LATER, START, TYPE, type MergeFixture } from '../merging/mergeFixture.js';
import { createMetricFixture } from '../queries/metrics/metricFixture.js';
import { openPractice } from '../subjects/Practice.js';
import { worker } from '../subjects/worker.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createBackupFolders } from './backupFixture.js';
import { wipe } from './wipe.js';
import { people } from '../support/witness/people.js';

let server: TestRedis;
let store: MergeFixture;
let folders: ReturnType<typeof createBackupFolders>;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  store = await createMergeFixture(server.url);
  folders = createBackupFolders();
});
afterEach(async () => {
  await store.close();
  folders.remove();
});

const context = () => folders.context(store as typeof store & { redis: Redis });
const hour = { kind: 'events', name: TYPE, hour: HOUR } as const;

/** A merge stands for what an erasure does to a chunk: another one takes its place. */
async function storeAndReplace(): Promise<{ old: Buffer[]; replace: () => Promise<void> }> {
  await store.run(store.batch(Array.from({ length: 60 }, (_, number) => ({ id: `event-${number}`, userId: `user-${number % 6}`, timestamp: START + number }))));
  await store.run(store.batch(Array.from({ length: 60 }, (_, number) => ({ id: `more-${number}`, userId: `user-${number % 6}`, timestamp: START + number }))));
  const old = (await store.events.hour(TYPE, HOUR)).map(({ chunkId }) => Buffer.from(chunkId));
  return { old, replace: async () => void (await store.merge(LATER)) };
}

/** What an erasure does behind the replacement: the keys are gone for good. */
async function destroy(chunkIds: readonly Buffer[]): Promise<void> {
  await store.keyRing.reading!.dataKeys.destroy(store.redis, store.keys.event(TYPE), [...chunkIds]);
}

function keyFiles(): Buffer[] {
  return readdirSync(path.join(folders.dir, 'keys')).filter((name) => name.startsWith('keys-')).map((name) => readFileSync(path.join(folders.dir, 'keys', name)));
}

describe('an erasure', () => {
  it('leaves everybody else in the backup, and of the old chunks only noise, in old copies too', async () => {
    const { old, replace } = await storeAndReplace();
    await takeBackup(context(), 'full');
    const before = await store.all();
    await replace();
    await addHours(context(), [hour]);
    await destroy(old);
    await forgetKeys(context(), old);
    expect(keyFiles()).toHaveLength(1);
    for (const id of old) expect(keyFiles()[0]!.includes(id)).toBe(false);
    await verifyBackup(context());
    await wipe(store.redis, store.keys.prefix);
    expect(await restoreBackup(context())).toMatchObject({ events: 120, destroyed: 0 });
    expect(await store.all()).toEqual(before);

    // The folder as it was before the replacement was added: a copy that somebody kept.
    rmSync(folders.folder.file(2, 'manifest.json'));
    await folders.folder.writeHead({ ...(await folders.folder.readHead())!, run: 1 });
    await wipe(store.redis, store.keys.prefix);
    expect(await restoreBackup(context())).toMatchObject({ events: 0, destroyed: 2 });
  });

  it('that comes while a backup is on its way is in that backup', async () => {
    const { old, replace } = await storeAndReplace();
    await takeBackup(context(), 'full');
    const before = await store.all();
    let erasing: Promise<unknown> | undefined;
    await store.run(store.batch([{ userId: 'user-9', timestamp: START + 2 * 3_600_000 }]));
    // Once all was read, and before it counts.
    await takeBackup(context(), 'incremental', {
      onProgress(phase, done, total) {
        if (phase !== 'reading' || done < total || erasing !== undefined) return;
        erasing = (async () => {
          await replace();
          await addHours(context(), [hour]);
          await destroy(old);
          await forgetKeys(context(), old);
        })();
      },
    });
    await erasing;
    for (const id of old) for (const file of keyFiles()) expect(file.includes(id)).toBe(false);
    await wipe(store.redis, store.keys.prefix);
    const report = await restoreBackup(context());
    expect(report.destroyed).toBe(0);
    expect(await store.all()).toEqual(before);
    // And the next one goes on from there.
    await takeBackup(context(), 'incremental');
    await verifyBackup(context());
  });

  it('does nothing where there is no backup', async () => {
    await folders.folder.create();
    expect(await addHours(context(), [hour])).toBeUndefined();
    expect(await forgetKeys(context(), [Buffer.alloc(16)])).toBe(0);
  });
});

describe('the erasure of a person', () => {
  it('from backup to restore: everyone else is complete, and the person absent', async () => {
    const practice = await openPractice(server.url);
    const { redis, keys } = practice.store;
    const folder = folders.folder;
    const place = { ...folders.context(practice.store as typeof store & { redis: Redis }), folder };
    try {
      const events = Array.from({ length: 90 }, (_, number) => ({ id: `e${number}`, userId: `user-${number % 6}`, properties: { number }, timestamp: START + number * 60_000 }));
      await practice.store.run(practice.store.batch(events));
      await practice.store.merge(LATER);
      await takeBackup(place, 'full');
      const subjects = createSubjects({
        context: { ...practice.context, backups: { keysId: async () => place.folder.keysId(), addHours: async (hours) => addHours(place, hours), keepErasures: async () => keepErasures(place) } },
        by: { subject: 'test', via: 'test' },
        gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
        wakeWorker: async () => Promise.resolve(),
      });
      await subjects.erase('user-1', { mode: 'delete' });
      await wipe(redis, keys.prefix);
      expect(await restoreBackup(place)).toMatchObject({ events: 75, destroyed: 0 });
      practice.store.forget();
      const found = await practice.store.get({ type: TYPE, limit: 1000, order: 'asc' });
      expect(found.map(({ id }) => id)).toEqual(events.filter(({ userId }) => userId !== 'user-1').map(({ id }) => id));
      // What was tracked before and comes late stays away.
      expect(await practice.store.run(practice.store.batch([{ userId: 'user-1', timestamp: START + 5 }], 'normal', 1))).toMatchObject({ stored: 0 });
    } finally {
      await practice.close();
    }
  });

  it('takes their samples, tags and rollups out of it as well, and leaves everybody else theirs', async () => {
    const practice = await openPractice(server.url);
    const { redis, keys, keyRing } = practice.store;
    const metrics = await createMetricFixture(server.url, { keyRing, prefix: keys.prefix });
    const place = folders.context(practice.store as typeof store & { redis: Redis });
    try {
      const of = (userId: string, value: number) => ({ name: 'heart_rate', value, tags: { userId }, timestamp: START + value });
      await metrics.run(metrics.batch([of(people.ann, 1), of(people.bob, 2)]));
      await practice.store.merge(LATER);
      await metrics.run(metrics.batch([of(people.ann, 3), of(people.bob, 4)]));
      await takeBackup(place, 'full');
      const subjects = createSubjects({
        context: { ...practice.context, backups: { keysId: async () => place.folder.keysId(), addHours: async (hours) => addHours(place, hours), keepErasures: async () => keepErasures(place) } },
        by: { subject: 'test', via: 'test' },
        gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
        wakeWorker: async () => Promise.resolve(),
      });
      await subjects.erase(people.ann, { mode: 'delete' });
      await verifyBackup(place);
      await wipe(redis, keys.prefix);
      expect(await restoreBackup(place)).toMatchObject({ samples: 2, destroyed: 0 });
      metrics.forget();
      expect((await metrics.get({ name: 'heart_rate' })).map(({ value, tags }) => [value, tags])).toEqual([2, 4].map((value) => [value, { userId: people.bob }]));
      expect(await metrics.queries.listTagValues({ name: 'heart_rate', key: 'userId' })).toEqual([people.bob]);
      expect((await practice.exported(people.ann)).map(({ record }) => record)).not.toContain('sample');
      expect((await practice.exported(people.bob)).filter(({ record }) => record === 'rollup')).toHaveLength(3);
    } finally {
      metrics.redis.disconnect();
      await practice.close();
    }
  });
});

describe('an older copy of a backup, put back beside the keys of today', () => {
  /** The folder as it was, with everything in it but the keys. */
  async function copyOf(): Promise<() => void> {
    const copy = path.join(folders.dir, 'copy');
    cpSync(path.join(folders.dir, 'backup'), copy, { recursive: true });
    return () => {
      const head = JSON.parse(readFileSync(path.join(folders.dir, 'backup', 'head.json'), 'utf8')) as { keyFile: string };
      rmSync(path.join(folders.dir, 'backup'), { recursive: true });
      cpSync(copy, path.join(folders.dir, 'backup'), { recursive: true });
      const old = path.join(folders.dir, 'backup', 'head.json');
      writeFileSync(old, JSON.stringify({ ...(JSON.parse(readFileSync(old, 'utf8')) as object), keyFile: head.keyFile }));
    };
  }

  it('knows who was erased since, their receipts, and the holds of today: nothing that comes late brings anybody back', async () => {
    const practice = await openPractice(server.url);
    const { redis, keys } = practice.store;
    const metrics = await createMetricFixture(server.url, { keyRing: practice.store.keyRing, prefix: keys.prefix });
    const place = folders.context(practice.store as typeof store & { redis: Redis });
    const subjects = createSubjects({
      context: { ...practice.context, backups: { keysId: async () => place.folder.keysId(), addHours: async (hours) => addHours(place, hours), keepErasures: async () => keepErasures(place) } },
      by: { subject: 'test', via: 'test' },
      gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
      wakeWorker: async () => Promise.resolve(),
    });
    try {
      const late = practice.store.batch([{ id: 'late', userId: people.ann, timestamp: START }]);
      const lateSamples = metrics.batch([{ name: 'm', value: 1, tags: { userId: people.ann }, timestamp: START }]);
      await practice.store.run(practice.store.batch([{ id: 'a', userId: people.ann, timestamp: START }, { id: 'b', userId: people.bob, timestamp: START }]));
      await subjects.hold('cleo', { reason: 'released since' });
      await subjects.erase('dan', { mode: 'delete' });
      await takeBackup(place, 'full');
      const putBack = await copyOf();
      await subjects.release('cleo', { reason: 'over' });
      await subjects.hold(people.bob, { reason: 'set since' });
      const receipt = await subjects.erase(people.ann, { mode: 'delete' });
      const erased = await redis.hgetall(keys.erased);
      expect(erased['generation']).toBe('2');

      putBack();
      await wipe(redis, keys.prefix);
      expect(await restoreBackup(place)).toMatchObject({ destroyed: 1 });
      expect(await redis.hgetall(keys.erased)).toMatchObject({ generation: '2', latest: erased['latest'] });
      expect(await subjects.receipt(receipt.content.id)).toEqual(receipt);
      expect((await subjects.receipts()).length).toBe(2);
      expect((await subjects.holds()).map(({ userId }) => userId)).toEqual([people.bob]);
      await expect(subjects.erase(people.bob, { mode: 'delete' })).rejects.toMatchObject({ code: 'LEGAL_HOLD' });
      expect(await subjects.erasures()).toEqual([]);
      expect(await worker(practice.store)(late)).toMatchObject({ stored: 0, erased: 1 });
      expect(await metrics.run(lateSamples)).toMatchObject({ stored: 0, erased: 1 });
      expect((await practice.exported(people.ann)).map(({ record }) => record)).toEqual(['subject', 'erasure', 'end']);
    } finally {
      metrics.redis.disconnect();
      await practice.close();
    }
  });

  it('goes on with an erasure that was under way when Redis was lost', async () => {
    const practice = await openPractice(server.url);
    const { redis, keys } = practice.store;
    const place = folders.context(practice.store as typeof store & { redis: Redis });
    const ending = new AbortController();
    const options = {
      context: { ...practice.context, backups: { keysId: async () => place.folder.keysId(), addHours: async (hours: Parameters<typeof addHours>[1]) => addHours(place, hours), keepErasures: async () => keepErasures(place) } },
      by: { subject: 'test', via: 'test' as const },
      gate: { act: async <T>(_request: unknown, work: () => Promise<T>) => work(), told: async () => Promise.resolve() },
      wakeWorker: async () => Promise.resolve(),
    };
    try {
      await practice.store.run(practice.store.batch([{ id: 'a', userId: people.ann, timestamp: START }, { id: 'b', userId: people.bob, timestamp: START }]));
      await takeBackup(place, 'full');
      const cut = createSubjects({ ...options, signal: ending.signal, onProgress: ({ step }) => step === 'store' && ending.abort(new Error('The process was ended.')) });
      await expect(cut.erase(people.ann, { mode: 'delete' })).rejects.toThrow('ended');
      await wipe(redis, keys.prefix);
      await restoreBackup(place);
      const subjects = createSubjects(options);
      const [under] = await subjects.erasures();
      expect((await subjects.resume(under!.id))?.content.done.events).toBe(1);
      expect((await practice.store.all()).map(({ event }) => event.id)).toEqual(['b']);
    } finally {
      await practice.close();
    }
  });
});
