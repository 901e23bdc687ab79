import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { AnalyticsError, AnalyticsService, EventType, ServiceClosedError, type AnalyticsServiceOptions } from '../../src/index.js';
import { connect } from '../../src/redis/connect.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { CANARY } from './Letterbox.js';

const encryptionKey = randomBytes(32).toString('base64');
const DEADLINE_MS = 1500;
/** The machine may be doing anything else. */
const SLACK_MS = 1500;

let server: TestRedis;
const services: AnalyticsService[] = [];
const level = process.env['ANALYTICS_LOG_LEVEL'];
beforeAll(async () => {
  process.env['ANALYTICS_LOG_LEVEL'] = 'silent';
  server = await startRedis();
});
afterEach(async () => {
  await Promise.all(services.splice(0).map(async (service) => service.close({ timeoutMs: 500 })));
});
afterAll(async () => {
  if (level === undefined) delete process.env['ANALYTICS_LOG_LEVEL'];
  else process.env['ANALYTICS_LOG_LEVEL'] = level;
  await server.stop();
});

function open(options: AnalyticsServiceOptions = {}): AnalyticsService {
  const service = new AnalyticsService({ redisUrl: server.url, redisPrefix: 'service:', encryptionKey, deadlineMs: 15_000, ...options });
  services.push(service);
  return service;
}

/** Tracks an event for which the store has no room: its key is another program's. @returns the job's id */
async function failOne(): Promise<string> {
  const service = open();
  const redis = connect(server.url, 'failFast', 'test', () => undefined);
  try {
    await service.trackEvent({ type: EventType.CUSTOM, properties: { note: CANARY } });
    await redis.set('service:events:processed:custom', 'of another program');
    // Each call is one of the 8 attempts.
    for (const until = Date.now() + 25_000; (await service.deadLetters.count()).total === 0; await new Promise((resolve) => setTimeout(resolve, 50))) {
      if (Date.now() > until) throw new Error('It was never given up.');
      const [job] = await redis.zrange('service:events:queue:delayed', '0', '0');
      // The pauses between attempts are BullMQ's, not ours to test.
      if (job !== undefined) await redis.zadd('service:events:queue:delayed', 0, job);
      await service.processEvents();
    }
    return (await service.deadLetters.list()).deadLetters[0]!.id;
  } finally {
    await redis.del('service:events:processed:custom');
    redis.disconnect();
  }
}

describe('dead letters of a service', () => {
  test('are kept after 8 attempts, and stored once somebody retries them', async () => {
    const id = await failOne();
    const service = open();
    expect((await service.deadLetters.list()).deadLetters).toEqual([expect.objectContaining({ id, reason: 'STORE_INCONSISTENT', attempts: 8, events: 1 })]);
    expect((await service.getStats()).queue?.queues.events).toMatchObject({ failed: 1, oldestFailedAt: expect.any(Number) });
    expect((await service.deadLetters.inspect(id, { actor: 'test' })).events).toEqual([expect.objectContaining({ properties: { note: CANARY } })]);
    expect(await service.deadLetters.retry(id)).toEqual({ done: 1, refused: [] });
    await service.processEvents();
    expect(await service.countEvents({ type: EventType.CUSTOM })).toBe(1);
    await expect(service.deadLetters.retry(id)).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
    await expect(service.deadLetters.retry(id)).rejects.toBeInstanceOf(AnalyticsError);
  });

  test('need the key that opens them', async () => {
    const { publicKey } = await keyRingFromMaster(Buffer.from(encryptionKey, 'base64'));
    const environment = process.env['ANALYTICS_ENCRYPTION_KEY'];
    delete process.env['ANALYTICS_ENCRYPTION_KEY'];
    try {
      const producer = new AnalyticsService({ redisUrl: server.url, redisPrefix: 'service:', publicKey, deadlineMs: 15_000 });
      services.push(producer);
      // What is told is recorded, and a process without the key cannot write the record.
      await expect(producer.deadLetters.list()).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
      await expect(producer.deadLetters.drop({ all: true }, { reason: 'x' })).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    } finally {
      if (environment !== undefined) process.env['ANALYTICS_ENCRYPTION_KEY'] = environment;
    }
  });

  test('settle within the deadline while Redis is stopped, and after the service was closed', async () => {
    const service = open({ deadlineMs: DEADLINE_MS });
    const { deadLetters } = service;
    // It connects, which may take longer than a call may.
    expect(await until(async () => deadLetters.list().then(() => true, () => false), 20_000)).toBe(true);
    const calls = {
      list: () => deadLetters.list(),
      count: () => deadLetters.count(),
      inspect: () => deadLetters.inspect('x', { actor: 'test' }),
      retry: () => deadLetters.retry({ all: true }),
      drop: () => deadLetters.drop(['x'], { reason: 'test' }),
      dropped: () => deadLetters.dropped(),
    };
    await server.kill('SIGSTOP');
    try {
      const startedAt = performance.now();
      const errors = await Promise.all(Object.values(calls).map(async (call) => call().then(() => undefined, (error: unknown) => error)));
      expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS + SLACK_MS);
      // What changes something is recorded first, and has less time for that.
      for (const error of errors) expect(['DEADLINE_EXCEEDED', 'AUDIT_UNAVAILABLE']).toContain((error as AnalyticsError | undefined)?.code);
    } finally {
      await server.kill('SIGCONT');
    }
    await service.close();
    for (const call of Object.values(calls)) await expect(call()).rejects.toBeInstanceOf(ServiceClosedError);
  });
});
