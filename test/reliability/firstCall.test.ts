import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';

import { formats } from '../../src/monitoring/release.js';
import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import { createKeys } from '../../src/redis/keys.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const keys = createKeys('analytics:');

let server: TestRedis;
let redis: Redis;
let service: AnalyticsService;

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64') });
});
afterEach(async () => {
  await service.close();
  redis.disconnect();
  await server.stop();
});

const track = async (): Promise<unknown> => service.trackEvent({ type: EventType.CUSTOM }).catch((error: unknown) => error);

/** That every call is refused, and nothing written. @returns what is said */
async function refusal(): Promise<unknown> {
  const error = await track();
  expect(error).toMatchObject({ code: 'CONFIGURATION_INVALID' });
  await expect(service.getEvents({ type: EventType.CUSTOM })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  expect((await redis.keys('*')).filter((key) => key.includes(':queue:'))).toEqual([]);
  return error;
}

describe('the first call of a service', () => {
  it('is refused where Redis deletes what it holds, and taken once that is mended', async () => {
    await redis.config('SET', 'maxmemory', '100mb');
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(String(await refusal())).toMatch(/allkeys-lru.*noeviction/s);
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await track()).toEqual(expect.any(String));
  });

  it('is refused in production where Redis keeps no append-only file, and taken once it does', async () => {
    const { NODE_ENV: before } = process.env;
    process.env['NODE_ENV'] = 'production';
    try {
      await service.close();
      service = new AnalyticsService({ redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64') });
    } finally {
      process.env['NODE_ENV'] = before;
    }
    expect(String(await refusal())).toMatch(/append-only file.*appendonly yes/s);
    await redis.config('SET', 'appendonly', 'yes');
    expect(await track()).toEqual(expect.any(String));
  });

  it('is refused where another program has keys under the prefix, whose names are not said', async () => {
    await redis.set('analytics:people:anna@example.org', '1');
    const said = String(await refusal());
    expect(said).toMatch(/1 of \d+ keys .* not of this service/s);
    expect(said).not.toContain('anna');
  });

  it('is refused beside a process that cannot read what it would write', async () => {
    const future = JSON.stringify({ ...formats, batch: { writes: 99, reads: [99] } });
    const beat = { role: 'processing', host: 'other', pid: 1, startedAt: Date.now(), version: '9.0.0', formats: future, rss: 1, heapUsed: 1, figures: '{}', before: '{}', spanMs: 0 };
    await redis.hset(keys.heartbeat('other'), beat);
    await redis.sadd(keys.heartbeats, 'other');
    expect(String(await refusal())).toMatch(/format .* of "batch"/s);
  });
});
