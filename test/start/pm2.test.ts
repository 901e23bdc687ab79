import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { AnalyticsService, EventPriority, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { createKeys } from '../../src/redis/keys.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { signToken } from '../../src/security/tokens.js';
import { isListening, until } from '../support/program.js';
import { freePort, isAlive, startRedis, type TestRedis } from '../support/redis.js';
import { startReturningClient } from './returningClient.js';
import { people } from '../support/witness/people.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const SENDING_MS = 12_000;
/** What a client may be away for when the process that it is connected to is reloaded. */
const AWAY_MOST_MS = 5000;

let redis: TestRedis;
let folder: string;
let environment: Record<string, string>;
let ports: { readonly socket: number; readonly board: number; readonly api: number };

/** Runs pm2 with a daemon of the test's own. */
async function pm2(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'node_modules/pm2/bin/pm2'), ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: folder, PM2_HOME: join(folder, 'pm2'), ...environment },
    timeout: 90_000,
  });
  return stdout;
}

interface ListedProcess {
  readonly name: string;
  readonly pid: number;
  readonly pm2_env: { readonly status: string; readonly exec_mode: string; readonly restart_time: number; readonly unstable_restarts: number };
}

async function list(): Promise<readonly ListedProcess[]> {
  return JSON.parse(await pm2('jlist')) as readonly ListedProcess[]; // pm2's own form
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'analytics-pm2-'));
  redis = await startRedis({ args: ['--appendonly', 'yes'] });
  ports = { socket: await freePort(), board: await freePort(), api: await freePort() };
  environment = {
    REDIS_URL: redis.url,
    ANALYTICS_WS_PORT: String(ports.socket),
    ANALYTICS_BOARD_PORT: String(ports.board),
    ANALYTICS_HTTP_PORT: String(ports.api),
    ANALYTICS_DATA_DIR: folder,
    ANALYTICS_ENCRYPTION_KEY: Buffer.alloc(32, 5).toString('base64'),
    ANALYTICS_CONCURRENCY: '1',
    ANALYTICS_TOKEN_SECRET: Buffer.alloc(32, 6).toString('base64'),
  };
});

afterAll(async () => {
  await pm2('kill').catch(() => undefined);
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('pm2 start ecosystem.config.js', () => {
  it('runs the roles apart, and reloads them under load with no job failed, nothing lost, and clients back within 5 s', async () => {
    await pm2('start', 'ecosystem.config.js');
    const started = await list();
    expect(started.map(({ name, pm2_env: { exec_mode } }) => `${name} ${exec_mode}`).sort()).toEqual([
      'analytics-board fork_mode',
      'analytics-broadcaster cluster_mode',
      'analytics-broadcaster cluster_mode',
      'analytics-http cluster_mode',
      'analytics-worker fork_mode',
      'analytics-worker fork_mode',
    ]);
    expect(await isListening(ports.socket)).toBe(true);
    expect(await isListening(ports.board)).toBe(true);
    expect(await isListening(ports.api)).toBe(true);

    const service = new AnalyticsService({ redisUrl: redis.url, encryptionKey: environment['ANALYTICS_ENCRYPTION_KEY'] ?? '' });
    const keys = createKeys('analytics:');
    const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
    const queue = createQueue(queuePlaces(keys).events, connection);
    const token = await signToken(parseConfig(environment), { subject: people.eve, roles: [], ttlSeconds: 600 });
    // As many as there are broadcasters, and more: each has some, and loses them when it is reloaded.
    const clients = await Promise.all(Array.from({ length: 4 }, async () => startReturningClient(`ws://127.0.0.1:${ports.socket}`, people.eve, token)));
    try {
      let isSending = true;
      let refusedConnections = 0;
      const sent: string[] = [];
      const send = async (): Promise<void> => {
        while (isSending) {
          sent.push(await service.trackEvent({ type: EventType.PAGE_VIEW, priority: EventPriority.NORMAL, userId: people.eve, properties: { at: sent.length } }));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      };
      const knock = async (): Promise<void> => {
        while (isSending) {
          if (!(await isListening(ports.socket))) refusedConnections += 1;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      const sending = Promise.all([send(), send(), send(), send(), knock()]);
      const begunAt = performance.now();
      await pm2('reload', 'all');
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, SENDING_MS - (performance.now() - begunAt))));
      isSending = false;
      await sending;

      const reloaded = await list();
      expect(reloaded.every(({ pid, pm2_env: { status } }) => status === 'online' && !started.some((before) => before.pid === pid))).toBe(true);
      expect(refusedConnections).toBe(0);
      const [known, last] = [new Set(sent), sent.at(-1)!]; // many were sent
      expect(await until(() => clients.every(({ connections }) => connections.at(-1)?.includes(last)), 20_000)).toBe(true);
      const absences = clients.flatMap((client) => client.absences);
      // Whoever goes over to a broadcaster that is reloaded later has to move twice.
      expect(absences.length).toBeGreaterThanOrEqual(clients.length);
      expect(Math.max(...absences)).toBeLessThan(AWAY_MOST_MS);
      for (const { connections, foreign } of clients) {
        expect(foreign).toEqual([]);
        for (const ids of connections) expect([new Set(ids).size, ids.every((id) => known.has(id))]).toEqual([ids.length, true]);
      }
      const countStored = async (): Promise<number> => {
        const stored = new Set<string>();
        for (let offset = 0; ; offset += 5000) {
          const page = await service.getEvents({ type: EventType.PAGE_VIEW, limit: 5000, offset });
          for (const { id } of page) stored.add(id);
          if (page.length < 5000) return stored.size;
        }
      };
      expect(await until(async () => (await countStored()) === sent.length, 30_000)).toBe(true);
      expect(await queue.getJobCounts('failed', 'delayed')).toEqual({ failed: 0, delayed: 0 });
    } finally {
      await Promise.all(clients.map(async (client) => client.stop()));
      await service.close();
      await queue.close();
      connection.disconnect();
    }

    const daemon = Number(readFileSync(join(folder, 'pm2/pm2.pid'), 'utf8'));
    const pids = (await list()).map(({ pid }) => pid);
    await pm2('delete', 'all');
    await pm2('kill');
    expect(await until(() => [daemon, ...pids].every((pid) => !isAlive(pid)))).toBe(true);
    expect(await isListening(ports.socket)).toBe(false);
    expect(await isListening(ports.board)).toBe(false);
  }, 180_000);
});
