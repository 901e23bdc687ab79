import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

import { AnalyticsService } from '../../src/lib/services/analytics/AnalyticsService.js';
import { CANARY_TYPE } from '../../src/monitoring/canary/canaryType.js';
import { createKeys } from '../../src/redis/keys.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { freePort, startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const keys = createKeys('analytics:');
const encryptionKey = Buffer.alloc(32, 5).toString('base64');

let server: TestRedis;
let redis: Redis;
let folder: string;
let worker: RunningProgram;
let others: RunningProgram[];
let service: AnalyticsService;
let boardPort: number;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  folder = mkdtempSync(join(tmpdir(), 'analytics-canary-'));
  boardPort = await freePort();
  const environment = {
    REDIS_URL: server.url,
    ANALYTICS_WS_PORT: String(await freePort()),
    ANALYTICS_BOARD_PORT: String(boardPort),
    ANALYTICS_DATA_DIR: folder,
    ANALYTICS_ENCRYPTION_KEY: encryptionKey,
    ANALYTICS_CONCURRENCY: '1',
  };
  const run = (services: string) => runProgram(['dist/src/processes/main.js', `--services=${services}`], environment);
  worker = run('processing');
  // Two that send: canaries do not multiply.
  others = [run('board,broadcasting,scheduling'), run('scheduling')];
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey });
});
afterAll(async () => {
  await service.close();
  for (const program of [worker, ...others]) program.signalGroup('SIGKILL');
  await Promise.all([worker, ...others].map(async (program) => program.ended()));
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Readiness {
  readonly status: number;
  readonly reasons: readonly string[];
}

async function ready(): Promise<Readiness> {
  try {
    const response = await fetch(`http://127.0.0.1:${boardPort}/health/ready`);
    const { reasons = [] } = (await response.json()) as { reasons?: string[] };
    return { status: response.status, reasons };
  } catch {
    return { status: 0, reasons: [] }; // it does not listen yet
  }
}

describe('the canary', () => {
  it('goes all the way, and nobody sees it', async () => {
    expect(await until(async () => (await service.getStats()).system.canary.feed !== null, 25_000)).toBe(true);
    const stats = await service.getStats();
    expect(stats.system.canary).toMatchObject({ status: 'ok', wait: { count: expect.any(Number) }, store: { p99: expect.any(Number) }, feed: { p50: expect.any(Number) } });
    expect(stats.system.notReady).toEqual([]);
    expect(stats.system.processes.map(({ version }) => version)).toEqual(stats.system.processes.map(() => '0.1.0'));
    expect((await ready()).status).toBe(200);

    expect(await redis.hkeys(keys.eventCatalogue)).toEqual([]);
    const from = { startTime: 0, endTime: Date.now() + 60_000 };
    await expect(service.getEvents({ type: CANARY_TYPE, ...from })).rejects.toMatchObject({ code: expect.any(String) });
    await expect(service.trackEvent({ type: CANARY_TYPE, priority: 'normal', userId: people.eve, properties: {} } as never)).rejects.toMatchObject({ code: expect.any(String) });
    expect(stats.queue).toMatchObject({ length: 0, processingRate: 0, processingTime: 0 });
  });

  it('is one at a time whoever sends, and leaves a few bytes that go by themselves', async () => {
    const own = keys.event(CANARY_TYPE);
    // A turn is given by the clock of Redis, and a canary's time is that of its turn: neither depends on how busy this machine is.
    const sentAt = async () => (await redis.xrange(own.feed, '-', '+')).map(([, fields]) => Number(fields[fields.indexOf('e') + 1]));
    expect(await until(async () => (await sentAt()).length > 3, 30_000)).toBe(true);
    const times = await sentAt();
    for (const [place, time] of times.slice(1).entries()) expect(time - times[place]!).toBeGreaterThanOrEqual(2400);
    // The one before goes in the script after the one that stores: for that moment there are two.
    expect(await until(async () => (await redis.hlen(own.chunks)) <= 1, 2000)).toBe(true);
    const left = await redis.keys(`analytics:*${CANARY_TYPE}*`);
    expect(left.length).toBeLessThanOrEqual(5);
    for (const key of [...left, keys.canary]) expect(await redis.pttl(key)).toBeGreaterThan(500_000);
  });

  it('turns the service red within 15 s of work having stopped though the worker lives, and green again', async () => {
    worker.child.kill('SIGSTOP');
    const stoppedAt = performance.now();
    expect(await until(async () => (await ready()).status === 503, 15_000)).toBe(true);
    expect(performance.now() - stoppedAt).toBeLessThan(15_000);
    expect(['PROCESSING_STALLED', 'WORKERS_STUCK', 'NO_WORKER']).toContain((await ready()).reasons[0]);
    // Nor do they gather while nobody takes them.
    expect(await redis.llen('analytics:events:queue:wait')).toBeLessThanOrEqual(1);
    expect((await service.getStats()).queue?.length).toBe(0);
    worker.child.kill('SIGCONT');
    expect(await until(async () => (await ready()).status === 200, 10_000)).toBe(true);
  });
});
