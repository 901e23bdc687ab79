import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { createHeartbeat } from '../../src/monitoring/Heartbeat.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { startBoardFixture, type BoardFixture } from './boardFixture.js';

let server: TestRedis;
let fixture: BoardFixture;

beforeAll(async () => {
  server = await startRedis();
  fixture = await startBoardFixture(server.url, { ANALYTICS_READY_ROLES: 'processing' });
});
afterAll(async () => {
  await fixture.close();
  await server.stop();
});

async function untilReady(expected: { status: number; reasons?: string[] }): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const response = await fixture.ask('GET', '/health/ready');
    const body = (await response.json()) as { reasons?: string[] };
    if (response.status === expected.status && JSON.stringify(body.reasons) === JSON.stringify(expected.reasons)) return;
    if (Date.now() > deadline) throw new Error(`It stayed ${response.status} ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('health', () => {
  it('is ready with Redis and a worker, says what is missing otherwise, and is live throughout', async () => {
    await untilReady({ status: 503, reasons: ['NO_WORKER'] });
    const beat = createHeartbeat({ redis: fixture.redis, keys: fixture.keys, role: 'processing', figures: () => ({}) });
    await beat.start();
    await untilReady({ status: 200 });
    await server.kill('SIGSTOP');
    await untilReady({ status: 503, reasons: ['REDIS_UNAVAILABLE'] });
    expect(await (await fixture.ask('GET', '/health/live')).json()).toEqual({ status: 'live' });
    await server.kill('SIGCONT');
    await untilReady({ status: 200 });
    await beat.close();
    await untilReady({ status: 503, reasons: ['NO_WORKER'] });
  });

  it('gives the figures to whoever is signed in', async () => {
    const cookie = await fixture.signIn('viewer');
    const { role, stats } = (await (await fixture.ask('GET', '/api/stats', { cookie })).json()) as { role: string; stats: object };
    expect(role).toBe('viewer');
    expect(stats).toMatchObject({ queue: { length: 0 }, webSocket: { connectedClients: 0 }, system: { redis: { connected: true } } });
    expect(await (await fixture.ask('GET', '/api/history', { cookie })).json()).toMatchObject({ intervalMs: 5000, points: expect.any(Array) });
  });
});
