import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { AnalyticsService } from '../../src/lib/services/analytics/AnalyticsService.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { nothingLost, trackWhileBroken } from './support/trackWhileBroken.js';

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
    const ballast = join(disk, 'ballast');
    const outcome = await trackWhileBroken(service, server, {
      breakDown() {
        const { bavail, bsize } = statfsSync(disk);
        writeFileSync(ballast, Buffer.alloc(bavail * bsize - 4096));
      },
      mend: () => rmSync(ballast),
    });
    expect(outcome).toEqual(nothingLost);
  }, 60_000);
});
