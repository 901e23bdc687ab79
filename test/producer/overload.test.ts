import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { EventPriority } from '../../src/contract/EventPriority.js';
import { BusyError } from '../../src/errors/BusyError.js';
import { AnalyticsService, EventType } from '../../src/lib/services/analytics/AnalyticsService.js';
import type { AnalyticsServiceOptions } from '../../src/lib/services/analytics/options.js';
import { admittedUpTo, retryAfterMs } from '../../src/producer/admission.js';
import { connect } from '../../src/redis/connect.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
let looking: ReturnType<typeof connect>;
let service: AnalyticsService;
const encryptionKey = randomBytes(32).toString('base64');

const open = (options: AnalyticsServiceOptions = {}) => new AnalyticsService({ redisUrl: server.url, encryptionKey, ...options });
const track = (priority: EventPriority, of = service) => of.trackEvent({ type: EventType.CUSTOM, priority });
const outcome = async (call: Promise<unknown>): Promise<unknown> => call.then(() => 'taken', (error: unknown) => error);
const jobs = async () => looking.zcard('analytics:events:queue:prioritized');

/** Makes Redis use this part of its memory. */
async function fill(share: number): Promise<void> {
  const used = Number(/^used_memory:(\d+)/m.exec(await looking.info('memory'))?.[1]);
  await looking.config('SET', 'maxmemory', String(Math.round(used / share)));
}

beforeAll(async () => {
  server = await startRedis();
  looking = connect(server.url, 'patient', 'test', () => undefined);
});
beforeEach(async () => {
  await looking.config('SET', 'maxmemory', '0');
  await looking.flushall();
  // Shares of less than this would move while a test looks at them.
  await looking.setrange('ballast', 20_000_000, 'x');
  service = open();
});
afterEach(async () => service.close());
afterAll(async () => {
  looking.disconnect();
  await server.stop();
});

describe('while Redis is nearly full', () => {
  it.each([
    [0.75, ['taken', 'taken', 'taken', 'taken']],
    [0.83, ['busy', 'busy', 'taken', 'taken']],
    [0.92, ['busy', 'busy', 'busy', 'taken']],
    [0.97, ['busy', 'busy', 'busy', 'busy']],
  ])('calls are refused by class, what can wait first: at %d', async (share, expected) => {
    await fill(share);
    const before = await jobs();
    const order = [EventPriority.LOW, EventPriority.NORMAL, EventPriority.HIGH, EventPriority.CRITICAL];
    const outcomes = await Promise.all(order.map((priority) => outcome(track(priority))));
    expect(outcomes.map((one) => (one instanceof BusyError ? 'busy' : 'taken'))).toEqual(expected);
    expect((await jobs()) - before).toBe(expected.filter((one) => one === 'taken').length);
  });

  it('says how long to wait, refuses samples and single items too, and counts', async () => {
    await fill(0.85);
    const error = await outcome(track(EventPriority.NORMAL));
    expect(error).toMatchObject({ code: 'BUSY', reason: 'redisMemory', retryAfterMs: expect.any(Number) });
    expect((error as BusyError).retryAfterMs).toBeGreaterThanOrEqual(1000);
    expect(await outcome(service.trackMetric({ name: 'cpu', value: 1 }))).toMatchObject({ code: 'BUSY' });
    const items = [EventPriority.LOW, EventPriority.CRITICAL].map((priority) => ({ type: EventType.CUSTOM, priority }));
    expect(await service.trackEvents(items)).toMatchObject([{ ok: false, error: { code: 'BUSY' } }, { ok: true }]);
    const samples = Array.from({ length: 300 }, (_, value) => ({ name: 'cpu', value }));
    expect((await service.trackMetrics(samples)).filter(({ ok }) => !ok)).toHaveLength(300);
    expect((await service.getStats()).producer).toMatchObject({ refused: 303, unanswered: 0, unansweredBytes: 0, spool: null });
  });

  it('keeps refusing until there is some room, and notices it by itself', async () => {
    await fill(0.82);
    expect(await outcome(track(EventPriority.LOW))).toBeInstanceOf(BusyError);
    await fill(0.78);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await outcome(track(EventPriority.LOW))).toBeInstanceOf(BusyError);
    await fill(0.7);
    expect(await until(async () => (await outcome(track(EventPriority.LOW))) === 'taken')).toBe(true);
  });

  it('goes on draining', async () => {
    for (let time = 0; time < 3; time += 1) await track(EventPriority.NORMAL);
    await fill(0.97);
    expect(await until(async () => (await outcome(track(EventPriority.CRITICAL))) instanceof BusyError)).toBe(true);
    const waiting = await jobs();
    await service.processEvents();
    expect(await jobs()).toBe(0);
    expect(await service.countEvents({ type: EventType.CUSTOM })).toBe(waiting);
  });
});

it('asks anew after a pause, however little was used before', async () => {
  await track(EventPriority.NORMAL);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await fill(0.85);
  expect(await outcome(track(EventPriority.NORMAL))).toBeInstanceOf(BusyError);
});

it('refuses what Redis has no room for as busy, whatever was known before', async () => {
  await track(EventPriority.NORMAL);
  await looking.config('SET', 'maxmemory', '1');
  expect(await outcome(track(EventPriority.CRITICAL))).toMatchObject({ code: 'BUSY', reason: 'redisMemory' });
});

it('counts the events that wait, not the jobs, and takes calls again when they are worked off', async () => {
  await service.close();
  service = open({ maxWaiting: 10_000, batchSize: 50 });
  const events = Array.from({ length: 8000 }, () => ({ type: EventType.CUSTOM }));
  expect((await service.trackEvents(events)).every(({ ok }) => ok)).toBe(true);
  expect(await jobs()).toBeLessThan(400);
  expect(await until(async () => (await outcome(track(EventPriority.LOW))) instanceof BusyError)).toBe(true);
  expect(await outcome(track(EventPriority.LOW))).toMatchObject({ reason: 'waiting' });
  expect(await outcome(track(EventPriority.CRITICAL))).toBe('taken');
  await looking.del('analytics:events:queue:prioritized');
  expect(await until(async () => (await outcome(track(EventPriority.LOW))) === 'taken')).toBe(true);
});

it('holds so much unanswered and no more while Redis is away, and takes calls again afterwards', async () => {
  const events = Array.from({ length: 2000 }, () => ({ type: EventType.CUSTOM, properties: { text: 'x'.repeat(2000) } }));
  process.env['ANALYTICS_MAX_UNANSWERED_MB'] = '1';
  const small = open({ deadlineMs: 500 });
  delete process.env['ANALYTICS_MAX_UNANSWERED_MB'];
  await track(EventPriority.NORMAL, small);
  await server.kill('SIGSTOP');
  const results = await small.trackEvents(events);
  const codes = results.map((result) => (result.ok ? 'ok' : result.error.code));
  const unknown = codes.filter((code) => code === 'DEADLINE_EXCEEDED').length;
  expect(unknown).toBeGreaterThan(400);
  expect(unknown).toBeLessThan(600);
  expect(codes.filter((code) => code === 'BUSY')).toHaveLength(2000 - unknown);
  expect(await outcome(track(EventPriority.CRITICAL, small))).toMatchObject({ code: 'BUSY', reason: 'unanswered' });
  await server.kill('SIGCONT');
  expect(await until(async () => (await outcome(track(EventPriority.CRITICAL, small))) === 'taken')).toBe(true);
  await small.close();
});

it('hints at longer waits the larger the overload', () => {
  const hints = [0.8, 0.85, 0.9, 1, 3].map((load) => retryAfterMs(load, admittedUpTo.low));
  expect(hints).toEqual([1000, 2000, 4000, 16_000, 30_000]);
});
