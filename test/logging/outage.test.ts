import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

import { AnalyticsService, EventPriority, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { freePort, startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const encryptionKey = Buffer.alloc(32, 5).toString('base64');

let server: TestRedis;
let folder: string;
let program: RunningProgram;

afterEach(async () => {
  program.signalGroup('SIGKILL');
  await program.ended();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function startAll(): Promise<void> {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-outage-'));
  program = runProgram(['dist/src/processes/main.js', '--services=board,broadcasting,http,processing,scheduling'], {
    REDIS_URL: server.url,
    NODE_ENV: 'production',
    ANALYTICS_TLS_BY_PROXY: 'true',
    ANALYTICS_ALLOW_VOLATILE: 'true',
    ANALYTICS_TOKEN_SECRET: 'x'.repeat(48),
    ANALYTICS_WS_PORT: String(await freePort()),
    ANALYTICS_BOARD_PORT: String(await freePort()),
    ANALYTICS_HTTP_PORT: String(await freePort()),
    ANALYTICS_DATA_DIR: folder,
    ANALYTICS_ENCRYPTION_KEY: encryptionKey,
    ANALYTICS_CONCURRENCY: '1',
  });
  await program.waitFor('"role":"scheduling"', 40_000);
}

/**
 * When the log lines of the process and its children, which share one allowance, were written. A child's line says when the child
 * wrote it, and is passed on later: after the line before it.
 */
function linesSince(length: number): number[] {
  const lines = program.output().slice(length).split('\n').filter((text) => text !== '');
  let before = 0;
  return lines.map((line) => {
    before = Math.max(before, Date.parse((JSON.parse(line) as { time: string }).time)); // every line is one of ours
    return before;
  });
}

function mostInASecond(times: readonly number[]): number {
  return Math.max(0, ...times.map((at) => times.filter((other) => other >= at && other < at + 990).length)); // times are cut to ms
}

describe('the log of a process with every role in an outage', () => {
  it('has at most ten lines a second, whether Redis is killed, stopped, full or read-only', async () => {
    await startAll();
    const service = new AnalyticsService({ redisUrl: server.url, encryptionKey });
    for (let index = 0; index < 5; index += 1) await service.trackEvent({ type: EventType.PAGE_VIEW, priority: EventPriority.NORMAL, userId: people.eve, properties: {} });
    await service.close();
    const from = program.output().length;
    const pause = async () => new Promise((resolve) => setTimeout(resolve, 2500));

    const redis = new Redis(server.url, { maxRetriesPerRequest: null, disconnectTimeout: 1 });
    redis.on('error', () => undefined);
    await redis.config('SET', 'maxmemory', '1mb');
    await pause();
    await redis.config('SET', 'maxmemory', '0');
    await redis.call('REPLICAOF', '127.0.0.1', '1');
    await pause();
    await redis.call('REPLICAOF', 'NO', 'ONE');
    await server.kill('SIGSTOP');
    await pause();
    await server.kill('SIGCONT');
    for (let round = 0; round < 3; round += 1) {
      await server.kill('SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 400));
      await server.restart();
    }
    await server.kill('SIGKILL');
    await pause();
    redis.disconnect();

    const lines = linesSince(from);
    expect(lines.length).toBeGreaterThan(0);
    expect(mostInASecond(lines)).toBeLessThanOrEqual(10);
    expect(await until(() => program.child.exitCode === null)).toBe(true);
  }, 90_000);
});
