import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { until } from '../../../../../test/support/program.js';
import { startRedis, type TestRedis } from '../../../../../test/support/redis.js';
import { AnalyticsError } from '../../../../errors/AnalyticsError.js';
import { AnalyticsService, EventType } from '../AnalyticsService.js';

const DEADLINE_MS = 500;
/** Beyond the deadline: a busy machine runs its timers late. A clean-up ends with the command that is not answered, after 2 s. */
const GRACE_MS = 1000;
const COMMAND_MS = 2000;

let redis: TestRedis;
let service: AnalyticsService;

const createService = () =>
  new AnalyticsService({ redisUrl: redis.url, deadlineMs: DEADLINE_MS, encryptionKey: randomBytes(32).toString('base64') });

beforeAll(async () => {
  redis = await startRedis();
  service = createService();
  // The first call looks at much; on a busy machine that takes longer than this deadline.
  const isOpen = await until(async () => service.trackEvent({ type: EventType.CUSTOM }).then(() => true, () => false));
  if (!isOpen) throw new Error('The service never took an event.');
  await redis.kill('SIGSTOP');
});
afterAll(async () => {
  await redis.kill('SIGCONT');
  await redis.stop();
});

/** How the call ended, and after how many ms. */
async function end(call: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const began = performance.now();
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - began };
}

test('every call settles with a typed error while Redis is stopped', async () => {
  const ends = await Promise.all([
    end(service.trackEvent({ type: EventType.CUSTOM })),
    end(service.trackMetric({ name: 'cpu', value: 1 })),
    end(service.getEvents({ type: EventType.CUSTOM })),
    end(service.getMetrics({ name: 'cpu' })),
    end(service.processEvents()),
    end(service.flush()),
  ]);
  for (const { error, ms } of ends) {
    expect(error).toBeInstanceOf(AnalyticsError);
    expect(ms).toBeLessThan(DEADLINE_MS + GRACE_MS);
  }
});

test('statistics are answered while Redis is stopped: what only Redis knows is null', async () => {
  const began = performance.now();
  const stats = await service.getStats();
  expect(performance.now() - began).toBeLessThan(DEADLINE_MS);
  expect(stats).toMatchObject({ queue: null, webSocket: null, store: null, system: { redis: { connected: false } }, producer: { spool: null } });
});

test('a clean-up settles within 2 s of Redis going away', async () => {
  const { error, ms } = await end(service.cleanup());
  expect(error).toBeInstanceOf(AnalyticsError);
  expect(ms).toBeLessThan(COMMAND_MS + GRACE_MS);
});

test('the first call of a service settles too', async () => {
  const other = createService();
  const { error, ms } = await end(other.trackEvent({ type: EventType.CUSTOM }));
  expect(error).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  expect(ms).toBeLessThan(DEADLINE_MS + GRACE_MS);
  await other.close();
});

test('close settles, and says how much stayed unanswered', async () => {
  const began = performance.now();
  expect(await service.close()).toEqual({ undelivered: 2 });
  expect(performance.now() - began).toBeLessThan(2 * (DEADLINE_MS + GRACE_MS));
});
