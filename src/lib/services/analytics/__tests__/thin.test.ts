import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { startRedis } from '../../../../../test/support/redis.js';
import { AnalyticsService } from '../AnalyticsService.js';
import { EventType } from '../../../../contract/EventType.js';
import { Redis } from 'ioredis';
import { createKeys } from '../../../../redis/keys.js';
import { queuePlaces } from '../../../../../queues/names.js';
import { processWaiting } from '../../../../processing/processWaiting.js';
import { createIngestion } from '../../../../ingestion/createIngestion.js';
import { keyRingFromMaster } from '../../../../security/KeyRing.js';

let redis: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => { redis = await startRedis(); });
afterAll(async () => { await redis.stop(); });

test('thin thread', async () => {
  const key = randomBytes(32);
  await using service = new AnalyticsService({ redisUrl: redis.url, encryptionKey: key.toString('base64') });
  const ids = await Promise.all(Array.from({ length: 250 }, (_, i) => service.trackEvent({ type: i % 2 ? EventType.PAGE_VIEW : EventType.ERROR, userId: `u${i % 5}`, properties: { page: '/x', i } })));
  expect(new Set(ids).size).toBe(250);
  await service.trackMetric({ name: 'cpu', value: 1.5, tags: { host: 'a' } });
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  const keys = createKeys('analytics:');
  const ingestion = createIngestion({ redis: connection, keys, keyRing: await keyRingFromMaster(key), retentionDays: () => 90, metricRetentionDays: 90 });
  const met = await processWaiting({ place: queuePlaces(keys).events, connection, process: ingestion.events, limit: 10000, onError: (e) => { throw e; } });
  const met2 = await processWaiting({ place: queuePlaces(keys).metrics, connection, process: ingestion.metrics, limit: 10000, onError: (e) => { throw e; } });
  expect([met, met2]).toEqual([250, 1]);
  console.log(await connection.keys('*'), await connection.hgetall('analytics:events:counts:error'));
  connection.disconnect();
});
