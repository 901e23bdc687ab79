import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { freePort } from '../support/redis.js';

/** Longer than any pause between two attempts to connect. */
const LONGEST_PAUSE_MS = 2600;

describe('a service that is closed while Redis is away', () => {
  it('tries to reach it no more, whatever it was at: with a worker that never started, and calls that had begun', async () => {
    const port = await freePort();
    const service = new AnalyticsService({ redisUrl: `redis://127.0.0.1:${port}`, encryptionKey: randomBytes(32).toString('base64'), worker: true, deadlineMs: 300 });
    const calls = [service.processEvents(), service.trackEvent({ type: EventType.CUSTOM }), service.getEvents({ type: EventType.CUSTOM }), service.clientsReady()];
    await Promise.allSettled(calls);
    await service.close({ timeoutMs: 500 });

    let attempts = 0;
    const server = createServer((socket) => {
      attempts += 1;
      socket.destroy();
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    await sleep(LONGEST_PAUSE_MS);
    server.close();
    expect(attempts).toBe(0);
  });
});
