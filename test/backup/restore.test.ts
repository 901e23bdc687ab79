import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';

import { restoreBackup } from '../../src/backup/restoreBackup.js';
import { takeBackup } from '../../src/backup/takeBackup.js';
import { verifyBackup } from '../../src/backup/verifyBackup.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { connect } from '../../src/redis/connect.js';
import { createMergeFixture, LATER, START, TYPE, type MergeFixture } from '../merging/mergeFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createBackupFolders } from './backupFixture.js';
import { wipe } from './wipe.js';

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

/** Events of two hours, some with ids of their own. */
function events(from: number, count: number) {
  return Array.from({ length: count }, (_, place) => {
    const number = from + place;
    return {
      ...(number % 3 === 0 && { id: `mine-${number}` }),
      userId: `user-${number % 17}`,
      properties: { number, text: 'x'.repeat(number % 40) },
      timestamp: START + ((number * 7919) % (2 * HOUR_MS)),
    };
  });
}

async function everything() {
  const list = await store.get({ type: TYPE, order: 'asc', limit: 10_000 });
  return { list, count: await store.queries.countEvents({ type: TYPE }), marks: await store.redis.hlen(store.keys.event(TYPE).seen) };
}

describe('a backup', () => {
  it('brings back every event, count, distinct user and known id', async () => {
    const jobs = [store.batch(events(0, 300)), store.batch(events(300, 500))];
    for (const job of jobs) await store.run(job);
    await store.merge(LATER);
    const late = store.batch(events(800, 100));
    await store.run(late);
    const before = await everything();
    const users = await store.redis.pfcount(store.keys.event(TYPE).users(Math.floor(START / 86_400_000)));

    const manifest = await takeBackup(context(), 'full');
    expect(manifest.totals.events).toBe(900);
    expect((await verifyBackup(context())).destroyed).toBe(0);

    await wipe(store.redis, store.keys.prefix);
    store.forget();
    const report = await restoreBackup(context());
    expect(report).toMatchObject({ events: 900, destroyed: 0 });
    const after = await everything();
    expect(after.list).toEqual(before.list);
    expect(after.count).toBe(before.count);
    expect(await store.redis.pfcount(store.keys.event(TYPE).users(Math.floor(START / 86_400_000)))).toBe(users);
    // The same jobs again, and the same ids in other ones: nothing is stored twice.
    for (const job of [...jobs, late]) expect(await store.run(job)).toMatchObject({ stored: 0 });
    expect(await store.run(store.batch(events(0, 900).filter(({ id }) => id !== undefined)))).toMatchObject({ stored: 0 });
    expect((await everything()).list).toEqual(before.list);
    // What is stored from now on has offsets of its own.
    await store.run(store.batch(events(900, 50)));
    expect((await everything()).list).toHaveLength(950);
    const offsets = (await Promise.all([0, 1].map(async (hour) => store.all(START / HOUR_MS + hour)))).flat().map(({ offset }) => offset);
    expect(new Set(offsets).size).toBe(950);
    expect(Math.max(...offsets)).toBe(950);
  });

  it('holds in an incremental run only what was stored, merged or replaced since', async () => {
    await store.run(store.batch(events(0, 400)));
    await store.merge(LATER);
    const full = await takeBackup(context(), 'full');
    const idle = await takeBackup(context(), 'incremental');
    expect(idle.files.blocks.bytes).toBe(0);
    expect(idle.files.cells.bytes).toBe(0);
    await store.run(store.batch(events(400, 10).map((event) => ({ ...event, timestamp: START + 5 }))));
    const more = await takeBackup(context(), 'incremental');
    expect(more.totals.events).toBe(410);
    expect(more.files.blocks.bytes).toBeGreaterThan(0);
    expect(more.files.blocks.bytes).toBeLessThan(full.files.blocks.bytes);
    const before = await everything();
    await wipe(store.redis, store.keys.prefix);
    store.forget();
    await restoreBackup(context());
    expect((await everything()).list).toEqual(before.list);
  });

  it('gives each reader of the feed to understand that its place is void', async () => {
    await store.run(store.batch(events(0, 20)));
    const { counts } = store.keys.event(TYPE);
    const before = await store.redis.hget(counts, 'epoch');
    await takeBackup(context(), 'full');
    await wipe(store.redis, store.keys.prefix);
    await restoreBackup(context());
    const after = await store.redis.hget(counts, 'epoch');
    expect(after).toMatch(/^[0-9a-f]{12}$/);
    expect(after).not.toBe(before);
  });

  it('goes into another, empty Redis, and into none that holds something unless told', async () => {
    await store.run(store.batch(events(0, 50)));
    await takeBackup(context(), 'full');
    await expect(restoreBackup(context())).rejects.toMatchObject({ code: 'BACKUP_REFUSED', message: expect.stringMatching(/--replace/) });
    const other = await startRedis();
    const redis = connect(other.url, 'failFast', 'test', () => undefined);
    try {
      expect(await restoreBackup({ ...context(), redis })).toMatchObject({ events: 50 });
      expect(await redis.exists(store.keys.restoring)).toBe(0);
    } finally {
      redis.disconnect();
      await other.stop();
    }
    await store.run(store.batch(events(50, 25)));
    expect(await restoreBackup(context(), { replace: true })).toMatchObject({ events: 50 });
    store.forget();
    expect((await everything()).list).toHaveLength(50);
  });
});
