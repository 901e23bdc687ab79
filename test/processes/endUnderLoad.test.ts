import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { AnalyticsService, EventPriority, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { createKeys } from '../../src/redis/keys.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { freePort, startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const encryptionKey = Buffer.alloc(32, 5).toString('base64');
const SHUTDOWN_MS = 6000;

let server: TestRedis;
let folder: string;
let service: AnalyticsService;
let isSending = true;
const running = new Set<RunningProgram>();

beforeAll(async () => {
  server = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'analytics-end-'));
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey });
});
afterAll(async () => {
  isSending = false;
  await service.close();
  for (const program of running) program.signalGroup('SIGKILL');
  await Promise.all([...running].map(async (program) => program.ended()));
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(services: string, waitFor: string): Promise<RunningProgram> {
  const program = runProgram(['dist/src/processes/main.js', `--services=${services}`], {
    REDIS_URL: server.url,
    ANALYTICS_WS_PORT: String(await freePort()),
    ANALYTICS_BOARD_PORT: String(await freePort()),
    ANALYTICS_DATA_DIR: folder,
    ANALYTICS_ENCRYPTION_KEY: encryptionKey,
    ANALYTICS_CONCURRENCY: '1',
    ANALYTICS_SHUTDOWN_MS: String(SHUTDOWN_MS),
  });
  running.add(program);
  await program.waitFor(waitFor, 40_000);
  return program;
}

async function ended(program: RunningProgram, mostMs: number): Promise<number | NodeJS.Signals> {
  const code = await program.ended(mostMs);
  running.delete(program);
  return code;
}

const all = 'board,broadcasting,processing,scheduling';
const isStarted = 'role=scheduling';

describe('the end of a process', () => {
  it('is orderly under load, whatever asks for it and however often at once, and loses nothing', async () => {
    let sent = 0;
    const send = async (): Promise<void> => {
      while (isSending) {
        await service.trackEvents(Array.from({ length: 20 }, () => ({ type: EventType.PAGE_VIEW, priority: EventPriority.NORMAL, userId: people.eve, properties: {} })));
        sent += 20;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const sending = send();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const program = await start(all, isStarted);
      const before = sent;
      expect(await until(() => sent > before + 200, 20_000)).toBe(true);
      // Ctrl-C reaches the whole group, and npm sends it on once more: together they are one.
      program.signalGroup(signal);
      program.child.kill(signal);
      expect([await ended(program, SHUTDOWN_MS + 3000), program.output()]).toEqual([0, expect.any(String)]);
    }
    isSending = false;
    await sending;

    const last = await start('processing', 'role=processing');
    expect(await until(async () => (await service.countEvents({ type: EventType.PAGE_VIEW, startTime: 0 })) === sent, 30_000)).toBe(true);
    const connection = new Redis(server.url, { maxRetriesPerRequest: null });
    const queue = createQueue(queuePlaces(createKeys('analytics:')).events, connection);
    expect(await queue.getJobCounts('failed')).toEqual({ failed: 0 });
    await queue.close();
    connection.disconnect();
    last.child.kill('SIGTERM');
    expect(await ended(last, SHUTDOWN_MS + 3000)).toBe(0);
  }, 120_000);

  it('keeps within its budget while Redis does not answer', async () => {
    const program = await start(all, isStarted);
    await server.kill('SIGSTOP');
    const askedAt = performance.now();
    program.child.kill('SIGTERM');
    await ended(program, SHUTDOWN_MS + 5000);
    // Each role that is left behind has half a second of its own.
    expect(performance.now() - askedAt).toBeLessThan(SHUTDOWN_MS + 3000);
    await server.kill('SIGCONT');
  }, 60_000);
});
