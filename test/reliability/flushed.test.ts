import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis } from 'ioredis';
import { WebSocket } from 'ws';

import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { freePort, startRedis, type TestRedis } from '../support/redis.js';

const encryptionKey = Buffer.alloc(32, 9).toString('base64');
const USER = 'user-of-a-flushed-store';

let server: TestRedis;
let redis: Redis;
let folder: string;
let worker: RunningProgram;
let service: AnalyticsService;
let socket: WebSocket;
const messages: { type?: string; event?: { id?: string }; position?: { epoch: string; offset: number } }[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  folder = mkdtempSync(join(tmpdir(), 'analytics-flushed-'));
  const port = await freePort();
  worker = runProgram(['dist/src/processes/main.js', '--services=processing,broadcasting,scheduling'], {
    REDIS_URL: server.url,
    ANALYTICS_DATA_DIR: folder,
    ANALYTICS_ENCRYPTION_KEY: encryptionKey,
    ANALYTICS_WS_PORT: String(port),
    ANALYTICS_CONCURRENCY: '1',
    ANALYTICS_CLEANUP_INTERVAL: '2000',
  });
  await worker.waitFor('role=scheduling');
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey });
  socket = new WebSocket(`ws://127.0.0.1:${port}`);
  socket.on('message', (text: Buffer) => messages.push(JSON.parse(text.toString()) as (typeof messages)[number]));
  socket.on('open', () => socket.send(JSON.stringify({ type: 'authenticate', userId: USER })));
  await until(() => messages.some(({ type }) => type === 'authenticated'), 20_000);
}, 60_000);
afterAll(async () => {
  socket?.terminate();
  await service?.close();
  worker?.signalGroup('SIGKILL');
  await worker?.ended();
  redis?.disconnect();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Tracks one event, and sees it stored and at the socket. */
async function passes(number: number): Promise<boolean> {
  const id = await service.trackEvent({ type: EventType.CUSTOM, userId: USER, properties: { number } }).catch(() => undefined);
  if (id === undefined) return false;
  const isStored = async (): Promise<boolean> => (await service.getEvents({ type: EventType.CUSTOM }).catch(() => [])).some((event) => event.id === id);
  return (await until(isStored, 15_000)) && until(() => JSON.stringify(messages).includes(id), 15_000);
}

describe('FLUSHALL under everything that runs', () => {
  it('leaves a new store that works: events are stored and relayed, schedules run, and clients see that it is another', async () => {
    expect(await passes(1)).toBe(true);
    const { epoch } = messages.find(({ event }) => event !== undefined)!.position!; // it came with one
    await redis.flushall();
    const flushedAt = Date.now();
    messages.length = 0;
    expect(await passes(2)).toBe(true);
    expect((await service.getEvents({ type: EventType.CUSTOM })).map(({ properties }) => properties?.['number'])).toEqual([2]);
    // The new feed is read from its first event on; that it is another is told by its epoch.
    expect(messages.find(({ event }) => event !== undefined)?.position).toEqual({ epoch: expect.not.stringMatching(epoch), offset: 1 });
    const cleanedAgain = async (): Promise<boolean> => ((await service.getStats()).system.cleanup.lastFinishedAt ?? 0) > flushedAt;
    expect(await until(cleanedAgain, 20_000)).toBe(true);
    expect(await until(async () => (await service.getStats()).system.notReady.length === 0, 20_000)).toBe(true);
  }, 90_000);
});
