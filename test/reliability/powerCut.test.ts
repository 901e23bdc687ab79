import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { compileFsyncLibrary, hasCompiler } from './support/fsyncLibrary.js';

const LOAD_MS = 2500;

let folder: string;
let library: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'analytics-power-'));
  if (hasCompiler) library = compileFsyncLibrary(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Cuts its file to what was on disk, as when the power goes. @returns bytes that were lost */
async function cutPower(server: TestRedis, log: string): Promise<number> {
  await server.kill();
  const [size = '', path = ''] = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1)!.split(' ');
  const before = readFileSync(path).length;
  truncateSync(path, Number(size));
  return before - Number(size);
}

interface Acknowledged {
  readonly id: string;
  readonly at: number;
}

/** Tracks under a cut of power. @returns what was acknowledged and is gone, and when the power went */
async function lostBy(policy: 'always' | 'everysec'): Promise<{ lost: Acknowledged[]; acknowledged: number; cutAt: number; bytes: number }> {
  const log = join(folder, policy);
  const server = await startRedis({
    args: ['--appendonly', 'yes', '--appendfsync', policy],
    env: { LD_PRELOAD: library, FSYNC_LOG: log },
  });
  const options = { redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64') };
  const service = new AnalyticsService(options);
  try {
    const acknowledged: Acknowledged[] = [];
    let isOver = false;
    const send = async (): Promise<void> => {
      while (!isOver) {
        const id = await service.trackEvent({ type: EventType.CUSTOM }).catch(() => undefined);
        if (id !== undefined) acknowledged.push({ id, at: performance.now() });
      }
    };
    const senders = Array.from({ length: 20 }, send);
    await sleep(LOAD_MS);
    const cutAt = performance.now();
    const bytes = await cutPower(server, log);
    isOver = true;
    const answered = acknowledged.filter(({ at }) => at <= cutAt);
    await server.restart();
    await Promise.all(senders);
    // What had no answer is sent again by the service itself; what had one is not, and has to be there.
    await service.flush();
    const stored = new Set<string>();
    expect(
      await until(async () => {
        await service.processEvents();
        for (const { id } of await service.getEvents({ type: EventType.CUSTOM, limit: 10_000 })) stored.add(id);
        const { queue } = await service.getStats();
        return queue?.length === 0;
      }, 20_000),
    ).toBe(true);
    return { lost: answered.filter(({ id }) => !stored.has(id)), acknowledged: answered.length, cutAt, bytes };
  } finally {
    await service.close();
    await server.stop();
  }
}

(hasCompiler ? describe : describe.skip)('a cut of power', () => {
  it('loses nothing that was acknowledged with appendfsync always', async () => {
    const { lost, acknowledged } = await lostBy('always');
    expect(acknowledged).toBeGreaterThan(20);
    expect(lost).toEqual([]);
  });

  it('loses two seconds at most with everysec, of what was acknowledged last', async () => {
    const { lost, acknowledged, cutAt, bytes } = await lostBy('everysec');
    expect(acknowledged).toBeGreaterThan(20);
    if (process.env['ANALYTICS_LONG_TESTS'] !== undefined) console.log({ acknowledged, lost: lost.length, bytes, oldestMs: Math.round(cutAt - Math.min(cutAt, ...lost.map(({ at }) => at))) });
    for (const { at } of lost) expect(cutAt - at).toBeLessThan(2000);
  });
});
