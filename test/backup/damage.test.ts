import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Redis } from 'ioredis';

import { decodeCell, encodeCell } from '../../src/backup/files/cellCodec.js';
import { noFigures, type Cell } from '../../src/backup/files/Cell.js';
import { restoreBackup } from '../../src/backup/restoreBackup.js';
import { takeBackup } from '../../src/backup/takeBackup.js';
import { verifyBackup } from '../../src/backup/verifyBackup.js';
import { createMergeFixture, LATER, START, type MergeFixture } from '../merging/mergeFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createBackupFolders } from './backupFixture.js';

let server: TestRedis;
let store: MergeFixture;
let folders: ReturnType<typeof createBackupFolders>;
beforeAll(async () => {
  server = await startRedis();
  store = await createMergeFixture(server.url);
  folders = createBackupFolders();
  await store.run(store.batch(Array.from({ length: 80 }, (_, number) => ({ id: `e${number}`, userId: `user-canary-${number}`, properties: { note: `canary ${number}` }, timestamp: START + number }))));
  await store.merge(LATER);
  await store.run(store.batch([{ userId: 'user-canary-x', timestamp: START + 7_200_000 }]));
  await takeBackup(context(), 'full');
});
afterAll(async () => {
  await store.close();
  folders.remove();
  await server.stop();
});

const context = () => folders.context(store as typeof store & { redis: Redis });
/** But for the name of the folder of keys, which is no part of a backup: with another one erasures are refused. */
const files = (): string[] => (readdirSync(folders.dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile() && entry.name !== 'id').map((entry) => path.join(entry.parentPath, entry.name));

describe('a backup whose bytes were changed', () => {
  it('is refused, whichever byte of which file it is, and nothing is restored of it', async () => {
    const all = files();
    expect(all.map((file) => path.basename(file)).filter((name) => !name.startsWith('keys-')).sort()).toEqual(['blocks', 'cells', 'erased', 'head.json', 'index', 'manifest.json', 'marks']);
    const before = await store.redis.dbsize();
    await fc.assert(
      fc.asyncProperty(fc.nat(all.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, where, change) => {
        const file = all[which]!;
        const bytes = readFileSync(file);
        const at = where % bytes.length;
        const damaged = Buffer.from(bytes);
        damaged[at] = damaged[at]! ^ change;
        writeFileSync(file, damaged);
        try {
          const report = await verifyBackup(context()).catch((error: unknown) => error);
          // Of blanks between the members of a manifest or of the head nothing depends.
          if (!(report instanceof Error)) expect(/\s/.test(String.fromCharCode(bytes[at]!)) || file.includes('keys-')).toBe(true);
          else expect(report).toMatchObject({ code: expect.stringMatching(/BACKUP_DAMAGED|SEAL_BROKEN|KEY_UNAVAILABLE/) });
        } finally {
          writeFileSync(file, bytes);
        }
      }),
      { numRuns: 150 },
    );
    expect(await store.redis.dbsize()).toBe(before);
    await expect(verifyBackup(context())).resolves.toMatchObject({ destroyed: 0 });
  });

  it('is refused when a file was cut, swapped or removed', async () => {
    for (const file of files()) {
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.subarray(0, bytes.length - 1));
      const cut = await restoreBackup(context()).catch((error: unknown) => error);
      writeFileSync(file, bytes);
      expect(cut).toBeInstanceOf(Error);
    }
  });

  it('holds no value in clear', () => {
    for (const file of files()) expect(readFileSync(file).toString('latin1')).not.toMatch(/canary/);
  });
});

describe('a cell', () => {
  const buffer = (minLength = 0) => fc.uint8Array({ minLength, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const place = fc.record({ run: fc.nat(), offset: fc.nat(2 ** 40), length: fc.nat() });
  const cell = fc.record({
    key: fc.stringMatching(/^[a-z/0-9]{1,20}$/),
    entries: fc.array(fc.record({ member: buffer(16), score: fc.double({ noNaN: true }), place }), { maxLength: 5 }),
    fields: fc.array(fc.tuple(buffer(), buffer()), { maxLength: 5 }),
    values: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.integer()),
  });

  it('is read back as it was, and any bytes that are none are refused by a typed error', () => {
    fc.assert(
      fc.property(cell, (given) => {
        const whole: Cell = { ...noFigures, ...given };
        expect(decodeCell(encodeCell(whole))).toEqual({ ...whole, values: { ...whole.values } });
      }),
    );
    fc.assert(
      fc.property(cell, fc.nat(), fc.nat(255), (given, where, byte) => {
        const bytes = encodeCell({ ...noFigures, ...given });
        bytes[where % bytes.length] = byte;
        try {
          decodeCell(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BACKUP_DAMAGED' });
        }
      }),
    );
  });
});
