import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';

import { startDemo } from '../../src/cli/demo.js';
import { createDemoVisitors } from '../../src/cli/demoVisitors.js';
import { watchPipeline } from '../../src/cli/watchPipeline.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { eventTypes } from '../../src/contract/defineEventType.js';
import { EventType } from '../../src/contract/EventType.js';
import { createLogger } from '../../src/logging/createLogger.js';
import { normalizeEvent } from '../../src/producer/normalizeEvent.js';
import type { Runtime } from '../../src/processes/Runtime.js';
import { createKeys } from '../../src/redis/keys.js';
import { createGuard } from '../../src/security/guard/createGuard.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';

describe('the demo’s visitors', () => {
  const visitors = createDemoVisitors(Math.random);
  const events = Array.from({ length: 2000 }, () => visitors.nextEvent());

  test('do nothing that the guard would touch', () => {
    const guard = createGuard();
    for (const event of events) {
      expect(JSON.parse(normalizeEvent(event, { types: eventTypes, guard, now: Date.now() }).propertiesJson)).toEqual(event.properties);
    }
    expect(guard.counts()).toEqual({});
  });

  test('are a dozen, and do a bit of everything', () => {
    expect(new Set(events.map(({ userId }) => userId)).size).toBe(12);
    expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThanOrEqual(6);
  });

  test('come with the documented metrics', () => {
    const names = new Set(visitors.nextMetrics().map(({ name }) => name));
    expect(names).toEqual(new Set(['api_response_time', 'active_users']));
  });
});

describe('startDemo', () => {
  let redis: TestRedis;
  let dataDir: string;
  beforeAll(async () => {
    redis = await startRedis();
    dataDir = mkdtempSync(join(tmpdir(), 'analytics-demo-'));
  });
  afterAll(async () => {
    await redis.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('sends events and metrics until it is closed, and nothing afterwards', async () => {
    const config = parseConfig({ REDIS_URL: redis.url, ANALYTICS_DATA_DIR: dataDir, ANALYTICS_LOG_LEVEL: 'silent' });
    const runtime: Runtime = {
      config,
      logger: createLogger(config, 'demo'),
      keys: createKeys(config.REDIS_PREFIX),
      keyRing: await loadKeyRing(config),
    };
    const watch = await watchPipeline(config, [EventType.PAGE_VIEW]);
    const client = new Redis(redis.url, { protocol: 2 });
    const metricJobs = () => client.zcard('analytics:queues:metrics:prioritized');

    const demo = await startDemo(runtime);
    while ((await watch.read()).unfinished < 10 || (await metricJobs()) < 2) await new Promise((resolve) => setImmediate(resolve));
    await demo.close();
    await demo.close();

    const left = (await watch.read()).unfinished;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await watch.read()).unfinished).toBe(left);
    client.disconnect();
    await watch.close();
  });
});
