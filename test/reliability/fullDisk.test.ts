import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

/** A disk of its own, small enough to be full: only root may have one. */
function mountDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'analytics-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder]).status === 0) return folder;
  rmSync(folder, { recursive: true });
  return undefined;
}

function unmount(folder: string): void {
  spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
}

const probe = mountDisk();
if (probe !== undefined) unmount(probe);

let disk: string;
let server: TestRedis;
let service: AnalyticsService;

(probe === undefined ? describe.skip : describe)('a full disk under the append-only file', () => {
  beforeEach(async () => {
    disk = mountDisk()!; // the probe could
    server = await startRedis({ args: ['--dir', disk, '--appendonly', 'yes', '--appendfsync', 'everysec', '--auto-aof-rewrite-percentage', '0'] });
    service = new AnalyticsService({ redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64') });
  });
  afterEach(async () => {
    await service.close();
    await server.stop();
    unmount(disk);
  });

  it('refuses calls with a typed error instead of acknowledging them, and takes them again once there is room; nothing is lost', async () => {
    const acknowledged: string[] = [];
    const track = async (): Promise<unknown> => {
      try {
        acknowledged.push(await service.trackEvent({ type: EventType.CUSTOM, properties: { text: randomBytes(200).toString('hex') } }));
        return undefined;
      } catch (error) {
        return error;
      }
    };
    expect(await until(async () => (await track()) === undefined)).toBe(true);
    const { bavail, bsize } = statfsSync(disk);
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - 4096));

    let refused: unknown;
    // Redis notices at the write that fails, and refuses from the next one on.
    expect(
      await until(async () => {
        refused = (await Promise.all(Array.from({ length: 10 }, track))).find((error) => error !== undefined);
        return refused !== undefined;
      }, 20_000),
    ).toBe(true);
    expect(refused).toMatchObject({ code: expect.stringMatching(/^(REDIS_UNAVAILABLE|DEADLINE_EXCEEDED)$/) });

    rmSync(ballast);
    expect(await until(async () => (await track()) === undefined, 20_000)).toBe(true);
    // What Redis says that it has, it has on disk too.
    await service.flush();
    await server.restart();
    const stored = new Set<string>();
    const areAllThere = async (): Promise<boolean> => {
      await service.processEvents().catch(() => undefined);
      for (const { id } of await service.getEvents({ type: EventType.CUSTOM, limit: 10_000 }).catch(() => [])) stored.add(id);
      return acknowledged.every((id) => stored.has(id));
    };
    expect(await until(areAllThere, 15_000)).toBe(true);
  }, 60_000);
});
