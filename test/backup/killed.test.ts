import { readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { listRuns } from '../../src/backup/listRuns.js';
import { restoreBackup } from '../../src/backup/restoreBackup.js';
import { takeBackup } from '../../src/backup/takeBackup.js';
import { verifyBackup } from '../../src/backup/verifyBackup.js';
import { checkRestore } from '../../src/checks/checkRestore.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { createMergeFixture, LATER, START, TYPE, type MergeFixture } from '../merging/mergeFixture.js';
import { built } from '../support/built.js';
import { runProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createBackupFolders } from './backupFixture.js';
import { onCall } from './onCall.js';
import { wipe } from './wipe.js';

const HOURS = 6;
const program = built('test/backup/programs/dyingBackup.ts');

let server: TestRedis;
let store: MergeFixture;
let folders: ReturnType<typeof createBackupFolders>;
beforeAll(async () => {
  server = await startRedis();
  store = await createMergeFixture(server.url);
  folders = createBackupFolders();
});
afterAll(async () => {
  await store.close();
  folders.remove();
  await server.stop();
});

const context = () => folders.context(store as typeof store & { redis: Redis });

function events(from: number, count: number) {
  return Array.from({ length: count }, (_, place) => ({ id: `mine-${from + place}`, userId: `user-${place % 17}`, properties: { number: from + place }, timestamp: START + ((place * 7919 * 1013) % (HOURS * HOUR_MS)) }));
}

/** A process of its own that works on the backup and is killed at its n-th call to Redis. */
async function killedAt(what: 'full' | 'incremental' | 'restore', dieAt: number): Promise<void> {
  const order = { what, url: server.url, prefix: store.keys.prefix, master: store.masterKey.toString('base64'), folder: folders.folder.path, keysFolder: folders.folder.keysPath, dieAt };
  const child = runProgram([program], { ORDER: JSON.stringify(order) });
  const end = await child.ended(60_000);
  if (end !== 'SIGKILL') throw new Error(`It was not killed, but ended with ${end}:\n${child.output()}`);
  forgetLock();
}

/** How many calls to Redis the same takes in this process, when it is not killed. */
async function callsOf(work: (own: ReturnType<typeof context>) => Promise<unknown>): Promise<number> {
  let calls = 0;
  const own = context();
  await work({ ...own, redis: onCall(store.redis as Redis, (count) => (calls = count)) });
  return calls;
}

/** As if the ten seconds had passed after which the lock of a process that was killed is nobody's. */
function forgetLock(): void {
  const folder = folders.folder.path;
  for (const name of readdirSync(folder)) if (name.endsWith('.lock')) utimesSync(path.join(folder, name), 1, 1);
}

async function everything() {
  const list = await store.get({ type: TYPE, order: 'asc', limit: 10_000 });
  return { list, count: await store.queries.countEvents({ type: TYPE }) };
}

describe('a process that is killed', () => {
  it('in the midst of a backup leaves the last whole one as it was, and none that counts where there was none; the next goes on', async () => {
    await store.run(store.batch(events(0, 1500)));
    await store.merge(LATER + HOURS * HOUR_MS);
    const calls = await callsOf((own) => takeBackup(own, 'full'));
    expect(calls).toBeGreaterThan(20);
    folders.remove();

    // In the midst of it, and once more in the midst of what is gone on with.
    for (const dieAt of [Math.floor(calls / 2), Math.floor(calls / 5)]) {
      await killedAt('full', dieAt);
      expect(await listRuns(context())).toEqual([]);
      await expect(verifyBackup(context())).rejects.toMatchObject({ code: 'BACKUP_REFUSED' });
      await expect(restoreBackup(context(), { replace: true })).rejects.toMatchObject({ code: 'BACKUP_REFUSED' });
    }
    const whole = await takeBackup(context(), 'full');
    expect(whole.totals.events).toBe(1500);
    const runs = await listRuns(context());
    expect(runs).toHaveLength(1);

    await store.run(store.batch(events(1500, 200)));
    await killedAt('incremental', Math.floor(calls / 5));
    expect(await listRuns(context())).toEqual(runs);
    expect((await verifyBackup(context())).manifest.totals.events).toBe(1500);
    expect((await takeBackup(context(), 'incremental')).totals.events).toBe(1700);
    expect((await verifyBackup(context())).destroyed).toBe(0);
  }, 90_000);

  it('in the midst of a restore lets no process start there, and the next one goes on to the same as ever', async () => {
    store.forget();
    const before = await everything();
    expect(before.count).toBe(1700);
    await wipe(store.redis, store.keys.prefix);
    const calls = await callsOf(async (own) => restoreBackup(own));
    store.forget();
    expect(await everything()).toEqual(before);

    await wipe(store.redis, store.keys.prefix);
    await killedAt('restore', Math.floor(calls / 2));
    expect(await checkRestore(store.redis, store.keys)).toHaveLength(1);
    expect(await restoreBackup(context())).toMatchObject({ events: 1700, destroyed: 0 });
    expect(await checkRestore(store.redis, store.keys)).toEqual([]);
    store.forget();
    expect(await everything()).toEqual(before);
    // Ids that were known are known.
    expect(await store.run(store.batch(events(0, 1500)))).toMatchObject({ stored: 0 });
    expect(await store.run(store.batch(events(1500, 200)))).toMatchObject({ stored: 0 });
  }, 90_000);
});
