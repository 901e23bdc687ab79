import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AnalyticsService, EventPriority, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { built } from '../support/built.js';
import { runProgram, until, type RunningProgram } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const encryptionKey = Buffer.alloc(32, 5).toString('base64');

let server: TestRedis;
let proxy: Server;
let folder: string;
let worker: RunningProgram;
let service: AnalyticsService;
const sockets = new Set<Socket>();

/** From now on nothing passes over the connections that are open, and nothing closes them; new ones are served. */
function freeze(): void {
  for (const socket of sockets) {
    socket.unpipe();
    socket.pause();
  }
}

beforeAll(async () => {
  server = await startRedis();
  proxy = createServer((client) => {
    const upstream = connect(server.port, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  folder = mkdtempSync(join(tmpdir(), 'analytics-wedged-'));
  worker = runProgram([built('test/processing/programs/restartingWorker.ts')], {
    REDIS_URL: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    ANALYTICS_DATA_DIR: folder,
    ANALYTICS_ENCRYPTION_KEY: encryptionKey,
    ANALYTICS_CONCURRENCY: '1',
  });
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey });
});
afterAll(async () => {
  await service.close();
  worker.signalGroup('SIGKILL');
  await worker.ended();
  for (const socket of sockets) socket.destroy();
  proxy.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a worker whose connections hang', () => {
  const track = async () => service.trackEvent({ type: EventType.PAGE_VIEW, priority: EventPriority.NORMAL, userId: people.eve, properties: {} });
  const stored = async (count: number, mostMs: number) =>
    until(async () => (await service.getEvents({ type: EventType.PAGE_VIEW })).length === count, mostMs);

  it('ends by itself and is started again, and what waited is stored', async () => {
    await worker.waitFor('Processing', 30_000);
    await track();
    expect(await stored(1, 20_000)).toBe(true);
    freeze();
    await track();
    await worker.waitFor('this worker takes none', 25_000);
    await worker.waitFor('Starting again', 10_000);
    expect(await stored(2, 25_000)).toBe(true);
    expect(worker.child.exitCode).toBeNull();
  }, 90_000);
});
