import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { addHours } from '../../src/backup/addHours.js';
import { announceKeyFolder } from '../../src/backup/keyFolders.js';
import { keepErasures } from '../../src/backup/KeptErasures.js';
import { restoreBackup } from '../../src/backup/restoreBackup.js';
import { takeBackup } from '../../src/backup/takeBackup.js';
import { BackupError } from '../../src/errors/BackupError.js';
import { createSubjects, type Subjects, type SubjectsOptions } from '../../src/subjects/createSubjects.js';
import { unfinishedRequests } from '../../src/subjects/ErasureRequest.js';
import { isGenuine } from '../../src/subjects/Receipt.js';
import { HOUR, LATER, START, TYPE } from '../merging/mergeFixture.js';
import { openPractice, type Practice } from '../subjects/Practice.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createBackupFolders } from './backupFixture.js';
import { wipe } from './wipe.js';

let server: TestRedis;
let practice: Practice;
let folders: ReturnType<typeof createBackupFolders>;
let others: ReturnType<typeof createBackupFolders>;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  practice = await openPractice(server.url);
  [folders, others] = [createBackupFolders(), createBackupFolders()];
  const { store } = practice;
  for (const part of [0, 1]) await store.run(store.batch(Array.from({ length: 30 }, (_, n) => ({ id: `e${part}-${n}`, userId: `user-${n % 3}`, timestamp: START + n }))));
  await store.merge(LATER);
});
afterEach(async () => {
  await practice.close();
  folders.remove();
  others.remove();
});

/** Erases as a process does that has these folders, or none. */
function erasing(from: typeof folders | undefined, options: Pick<SubjectsOptions, 'signal' | 'onProgress'> = {}): Subjects {
  const place = from?.context(practice.store);
  const backups = place && { keysId: async () => place.folder.keysId(), addHours: async (hours: Parameters<typeof addHours>[1]) => addHours(place, hours), keepErasures: async () => keepErasures(place) };
  return createSubjects({
    context: { ...practice.context, backups },
    by: { subject: 'test', via: 'test' },
    gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
    wakeWorker: async () => Promise.resolve(),
    ...options,
  });
}

const idsInStore = async (): Promise<Buffer[]> => (await practice.store.events.hour(TYPE, HOUR)).map(({ chunkId }) => Buffer.from(chunkId));

/** Which of the chunks a file of keys has one for. */
function keysOf({ dir }: typeof folders, ids: readonly Buffer[]): number {
  const files = readdirSync(path.join(dir, 'keys')).filter((name) => name.startsWith('keys-')).map((name) => readFileSync(path.join(dir, 'keys', name)));
  return ids.filter((id) => files.some((bytes) => bytes.includes(id))).length;
}

describe('an erasure by a process that does not have the folders of a backup', () => {
  it('is refused with what to set, and changes nothing: not while there is none, nor for the folder of another one', async () => {
    expect((await erasing(undefined).erase('user-0', { mode: 'delete' })).content.backups).toBe('none');
    await takeBackup(folders.context(practice.store), 'full');
    const before = await practice.store.all();
    for (const process of [erasing(undefined), erasing(others)]) {
      const refused = await process.erase('user-1', { mode: 'delete' }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(BackupError);
      expect(refused).toMatchObject({ code: 'BACKUP_REFUSED', message: expect.stringMatching(/ANALYTICS_BACKUP_DIR.*ANALYTICS_BACKUP_KEYS_DIR.*--leave-backups/) });
    }
    expect([await practice.store.all(), await unfinishedRequests(practice.context)]).toEqual([before, []]);

    const old = await idsInStore();
    expect(keysOf(folders, old)).toBe(old.length);
    expect((await erasing(folders).erase('user-1', { mode: 'delete' })).content.backups).toBe('updated');
    expect(keysOf(folders, old)).toBe(0);
    // Who restored it knows it again.
    await wipe(practice.store.redis, practice.store.keys.prefix);
    await restoreBackup(folders.context(practice.store));
    await expect(erasing(undefined).erase('user-2', { mode: 'delete' })).rejects.toMatchObject({ code: 'BACKUP_REFUSED' });
  });

  it('leaves it as it is by word of whoever asks, and says so in the receipt', async () => {
    await takeBackup(folders.context(practice.store), 'full');
    const old = await idsInStore();
    const receipt = await erasing(undefined).erase('user-1', { mode: 'delete', leaveBackups: true });
    expect([receipt.content.backups, isGenuine(practice.context, receipt), isGenuine(practice.context, { ...receipt, content: { ...receipt.content, backups: 'updated' } })]).toEqual(['left', true, false]);
    expect(keysOf(folders, old)).toBe(old.length);
  });

  it('waits for one that has it, where it is left to a worker', async () => {
    await takeBackup(folders.context(practice.store), 'full');
    const { id } = await erasing(undefined).startErasure('user-1', { mode: 'delete' });
    await expect(erasing(undefined).resume(id)).rejects.toMatchObject({ code: 'BACKUP_REFUSED' });
    expect(await unfinishedRequests(practice.context)).toEqual([id]);
    expect((await erasing(folders).resume(id))?.content.backups).toBe('updated');
  });

  it('is made up for by one that has it, where part of it was done before anybody knew of the backup', async () => {
    const { redis, keys } = practice.store;
    await takeBackup(folders.context(practice.store), 'full');
    const old = await idsInStore();
    // A release that did not say so took it.
    await redis.del(keys.backups);
    const ending = new AbortController();
    const without = erasing(undefined, { signal: ending.signal, onProgress: ({ step }) => void (step === 'metrics' && ending.abort()) });
    await expect(without.erase('user-1', { mode: 'delete' })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await idsInStore()).not.toEqual(old);
    expect(keysOf(folders, old)).toBe(old.length);
    await announceKeyFolder(folders.context(practice.store));
    const [id = ''] = await unfinishedRequests(practice.context);
    await expect(erasing(undefined).resume(id)).rejects.toMatchObject({ code: 'BACKUP_REFUSED' });
    expect((await erasing(folders).resume(id))?.content.backups).toBe('updated');
    const kept = await idsInStore();
    expect([keysOf(folders, old), keysOf(folders, kept)]).toEqual([0, kept.length]);
    await wipe(redis, keys.prefix);
    expect(await restoreBackup(folders.context(practice.store))).toMatchObject({ events: 40, destroyed: 0 });
  });
});
