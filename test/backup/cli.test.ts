import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { openBackups } from '../../src/backup/openBackups.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { startRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let dir: string;
const encryptionKey = randomBytes(32).toString('base64');
beforeAll(async () => {
  server = await startRedis();
  dir = mkdtempSync(path.join(tmpdir(), 'analytics-backup-cli-'));
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

const openService = () => new AnalyticsService({ redisUrl: server.url, encryptionKey, dataDir: path.join(dir, 'data'), deadlineMs: 20_000 });

function backup(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    NODE_ENV: 'development',
    REDIS_URL: server.url,
    ANALYTICS_ENCRYPTION_KEY: encryptionKey,
    ANALYTICS_DATA_DIR: path.join(dir, 'data'),
    ANALYTICS_BACKUP_DIR: path.join(dir, 'backup'),
  };
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/src/cli/main.js', 'backup', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });
}

describe('the command backup', () => {
  it('takes a backup, lists and verifies it, and restores it into an empty Redis, events and metrics alike', async () => {
    const timestamp = Date.now() - 3_600_000;
    const before = await (async () => {
      await using service = openService();
      await service.trackEvents(Array.from({ length: 40 }, (_, number) => ({ type: EventType.PAGE_VIEW, userId: `user-${number % 5}`, properties: { number }, timestamp: timestamp + number })));
      await service.trackMetrics(Array.from({ length: 30 }, (_, number) => ({ name: 'cpu_load', value: number, tags: { host: `host-${number % 3}` }, timestamp: timestamp + number })));
      await service.processEvents();
      return { events: await service.getEvents({ type: EventType.PAGE_VIEW, limit: 1000 }), metrics: await service.getMetrics({ name: 'cpu_load' }) };
    })();
    expect(before.events).toHaveLength(40);
    expect(before.metrics).toHaveLength(30);

    const full = await backup(['full']);
    expect(full).toMatchObject({ code: 0, stdout: expect.stringMatching(/40 events and 30 samples[\s\S]*RPO: .*\nRTO: about/) });
    expect(readdirSync(path.join(dir, 'backup-keys')).sort()).toEqual(['erased', 'id', expect.stringMatching(/^keys-1-/)]);
    // Without persistence a restart loses everything.
    await server.restart();
    expect(await backup(['restore'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/Restored run 1: 40 events and 30 samples[\s\S]*RTO: it took/) });
    await using service = openService();
    expect(await service.getEvents({ type: EventType.PAGE_VIEW, limit: 1000 })).toEqual(before.events);
    expect(await service.getMetrics({ name: 'cpu_load' })).toEqual(before.metrics);
    expect((await service.listMetrics()).map(({ name }) => name)).toEqual(['cpu_load']);
  }, 180_000);

  it('says what to do where there is no folder, and none to go on from', async () => {
    expect((await backup(['incremental', '--folder', path.join(dir, 'other')])).stderr).toMatch(/Take a full one first/);
    const config = parseConfig({ ANALYTICS_DATA_DIR: path.join(dir, 'data') });
    await expect(openBackups({ folder: path.join(dir, 'a'), keysFolder: path.join(dir, 'a', 'keys') }, config)).rejects.toThrow(/have to lie in a folder outside of it/);
    await expect(openBackups({}, config)).rejects.toThrow(/ANALYTICS_BACKUP_DIR/);
    await expect(openBackups({ folder: dir }, parseConfig({ ANALYTICS_PUBLIC_KEY: randomBytes(32).toString('base64') }))).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
  }, 180_000);
});
