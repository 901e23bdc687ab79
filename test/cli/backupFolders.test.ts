import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { openBackups } from '../../src/backup/openBackups.js';
import { createBackupCommand } from '../../src/cli/backup.js';
import { AnalyticsService, EventType } from '../../src/index.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';
import { keepEnvironment } from './keepEnvironment.js';
import { runHere } from './runHere.js';

const restoreEnvironment = keepEnvironment();

let server: TestRedis;
let folder: string;
let service: AnalyticsService;
beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-folders-'));
  Object.assign(process.env, { NODE_ENV: 'development', ANALYTICS_DATA_DIR: join(folder, 'data'), REDIS_URL: server.url });
  service = new AnalyticsService();
  await service.trackEvent({ type: EventType.CUSTOM, userId: people.ann, id: 'of-ann' });
  await service.processEvents();
});
afterAll(async () => {
  await service.close();
  restoreEnvironment();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Takes a backup. @returns the id of its folder of keys */
async function take(name: string): Promise<string> {
  await using backups = await openBackups({ folder: join(folder, name) });
  await backups.full();
  return readFileSync(join(folder, `${name}-keys`, 'id'), 'utf8').trim();
}

const backup = async (...args: readonly string[]): Promise<string> => (await runHere(createBackupCommand(), args)).stdout;
const idsOf = (json: string): string[] => (JSON.parse(json) as { readonly id: string }[]).map(({ id }) => id);
const erase = async (): Promise<unknown> => service.subjects.erase(people.ann, { mode: 'delete' });

describe('npm run backup -- forget', () => {
  it('has erasures not wait for a folder that is lost, until a run is taken into it again, and is recorded with its reason', async () => {
    expect(await backup('folders')).toBe('No backup was taken of this store, or those are forgotten.\n');
    const lost = await take('lost');
    await expect(erase()).rejects.toMatchObject({ code: 'BACKUP_REFUSED', message: expect.stringContaining('npm run backup -- forget') });
    expect(await backup('folders')).toMatch(new RegExp(`^folder .*\n${lost}  \\d{4}-.*Z  no\n$`));
    expect(await backup('forget', lost, '--reason', 'ticket 17: shredded')).toMatch(/^Forgotten: .* any copy of it that still exists\.\n$/);
    expect(idsOf(await backup('folders', '--json'))).toEqual([]);
    expect(await erase()).toMatchObject({ content: { backups: 'none' } });
    const { records } = await service.audit.list({ operation: 'backup.forget' });
    expect(records.map(({ actor, outcome, reason }) => [actor.subject, outcome, reason])).toEqual([[expect.stringMatching(/^cli:./), 'allowed', `${lost}: ticket 17: shredded`]]);

    await take('lost');
    expect(idsOf(await backup('folders', '--json'))).toEqual([lost]);
    await expect(erase()).rejects.toMatchObject({ code: 'BACKUP_REFUSED' });
    await backup('forget', lost, '--reason', 'found, and shredded now');
  }, 60_000);

  it('refuses one that is not known, one that it reaches, and an empty reason, and makes no folder', async () => {
    const [near, other] = [await take('near'), await take('other')];
    process.env['ANALYTICS_BACKUP_DIR'] = join(folder, 'near');
    await expect(backup('forget', near, '--reason', 'x')).rejects.toMatchObject({ code: 'BACKUP_REFUSED', message: expect.stringMatching(/This process has that folder/) });
    await expect(backup('forget', 'f'.repeat(32), '--reason', 'x')).rejects.toMatchObject({ code: 'BACKUP_REFUSED', message: expect.stringMatching(/No folder of backups has this id/) });
    await expect(backup('forget', other, '--reason', ' ')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(idsOf(await backup('folders', '--json'))).toEqual([other, near]);
    // A disk that was not mounted is no reason to call it another folder.
    process.env['ANALYTICS_BACKUP_DIR'] = join(folder, 'absent');
    expect(idsOf(await backup('folders', '--json'))).toEqual([other, near]);
    expect(() => readFileSync(join(folder, 'absent-keys', 'id'))).toThrow(/ENOENT/);
  }, 60_000);
});
