import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';

import { AnalyticsService } from '../../src/lib/services/analytics/AnalyticsService.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { compileFsyncLibrary, hasCompiler } from './support/fsyncLibrary.js';
import { nothingLost, trackWhileBroken } from './support/trackWhileBroken.js';

let folder: string;
let server: TestRedis;
let service: AnalyticsService;
let redis: Redis;

(hasCompiler ? describe : describe.skip)('an append-only file that cannot be synced (EIO)', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'analytics-broken-'));
    const env = { LD_PRELOAD: compileFsyncLibrary(folder), FSYNC_BROKEN: join(folder, 'broken') };
    server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'everysec'], env });
    redis = new Redis(server.url);
    service = new AnalyticsService({ redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64') });
  });
  afterAll(async () => {
    await service.close();
    redis.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has calls refused with a typed error, and taken again once it can be; nothing is lost', async () => {
    const broken = join(folder, 'broken');
    // Redis syncs anew only when it has written something, and takes nothing but what it does itself: heartbeats and other keys that expire.
    await Promise.all(Array.from({ length: 25 }, (_, second) => redis.set(`expires:${second}`, '', 'EX', second + 1)));
    const outcome = await trackWhileBroken(service, server, {
      breakDown: () => writeFileSync(broken, ''),
      mend: () => rmSync(broken),
    });
    expect(outcome).toEqual(nothingLost);
  }, 60_000);
});
