import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';

import { startRedis, type TestRedis } from '../../../../../test/support/redis.js';
import { createEventTypes } from '../../../../contract/eventTypes.js';
import { DeadlineError } from '../../../../errors/DeadlineError.js';
import { KeyError } from '../../../../errors/KeyError.js';
import { ServiceClosedError } from '../../../../errors/ServiceClosedError.js';
import { ValidationError } from '../../../../errors/ValidationError.js';
import { keyRingFromMaster } from '../../../../security/KeyRing.js';
import { AnalyticsService, EventPriority, EventType } from '../AnalyticsService.js';
import type { AnalyticsServiceOptions } from '../options.js';
import { person } from '../../../../../test/support/witness/people.js';

let redis: TestRedis;
const encryptionKey = randomBytes(32).toString('base64');
let prefixes = 0;

/** A service with a prefix of its own, so that tests do not meet. */
function serviceWith(options: AnalyticsServiceOptions = {}): AnalyticsService {
  return new AnalyticsService({ redisUrl: redis.url, redisPrefix: `t${++prefixes}:`, encryptionKey, ...options });
}

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});

describe('what was tracked', () => {
  test('is read back as it was given, newest first', async () => {
    await using service = serviceWith();
    const start = Date.now() - 10_000;
    const ids: string[] = [];
    for (const place of [0, 1, 2]) {
      ids.push(
        await service.trackEvent({
          type: EventType.USER_ACTION,
          priority: EventPriority.HIGH,
          userId: person(123),
          sessionId: 'session-456',
          properties: { action: 'click', place },
          metadata: { browser: 'Chrome', timestamp: start + place },
        }),
      );
    }
    await service.processEvents();
    const events = await service.getEvents({ type: EventType.USER_ACTION });
    expect(events.map((event) => event.id)).toEqual(ids.toReversed());
    expect(events[0]).toEqual({
      id: ids[2],
      type: 'user_action',
      priority: 'high',
      userId: person(123),
      sessionId: 'session-456',
      properties: { action: 'click', place: 2 },
      metadata: { browser: 'Chrome', timestamp: start + 2 },
      timestamp: start + 2,
    });
  });

  test('comes with ids that are UUIDv7', async () => {
    await using service = serviceWith();
    const ids = await Promise.all(Array.from({ length: 300 }, () => service.trackEvent({ type: EventType.CUSTOM })));
    expect(new Set(ids).size).toBe(300);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('is stored once per id of the caller, whatever time the repeat carries', async () => {
    await using service = serviceWith();
    for (const timestamp of [Date.now() - 7_200_000, Date.now(), Date.now()]) {
      await service.trackEvent({ type: EventType.CUSTOM, id: 'order-1', timestamp });
      await service.processEvents();
    }
    await service.trackEvents([
      { type: EventType.CUSTOM, id: 'order-2' },
      { type: EventType.CUSTOM, id: 'order-2' },
    ]);
    await service.processEvents();
    const events = await service.getEvents({ type: EventType.CUSTOM });
    expect(events.map((event) => event.id)).toEqual(['order-2', 'order-1']);
  });

  test('is stored once when a generated id is given again after it was stored', async () => {
    await using service = serviceWith();
    const id = await service.trackEvent({ type: EventType.CUSTOM });
    await service.processEvents();
    await service.trackEvent({ type: EventType.CUSTOM, id, timestamp: Date.now() - 5_000_000 });
    await service.processEvents();
    expect(await service.getEvents({ type: EventType.CUSTOM })).toHaveLength(1);
  });

  test('is found by user, session and priority, page by page', async () => {
    await using service = serviceWith();
    const base = Date.now() - 100_000;
    await service.trackEvents(
      Array.from({ length: 60 }, (_, place) => ({
        type: EventType.PAGE_VIEW,
        userId: person(place % 3),
        sessionId: `session-${place % 2}`,
        priority: place % 5 === 0 ? EventPriority.CRITICAL : EventPriority.LOW,
        properties: { place },
        timestamp: base + place,
      })),
    );
    await service.processEvents();
    const places = async (options: object) =>
      (await service.getEvents({ type: EventType.PAGE_VIEW, ...options })).map((event) => event.properties['place']);
    expect(await places({ userId: person(1), sessionId: 'session-0' })).toEqual([58, 52, 46, 40, 34, 28, 22, 16, 10, 4]);
    expect(await places({ priority: EventPriority.CRITICAL, order: 'asc', limit: 3 })).toEqual([0, 5, 10]);
    expect(await places({ limit: 2, offset: 10 })).toEqual([49, 48]);
    expect(await places({ startTime: base + 3, endTime: base + 5 })).toEqual([5, 4, 3]);
  });

  test('includes metrics, oldest first and by tags', async () => {
    await using service = serviceWith();
    const base = Date.now() - 1000;
    const results = await service.trackMetrics([
      { name: 'api_response_time', value: 150, tags: { endpoint: '/a', method: 'POST' }, timestamp: base + 1 },
      { name: 'api_response_time', value: -0, tags: { endpoint: '/a', method: 'GET' }, timestamp: base },
      { name: 'api_response_time', value: 3.5, tags: { endpoint: '/b' }, timestamp: base },
      { name: 'tags:api_response_time', value: 1 },
      { name: 'bad', value: Number.NaN },
    ]);
    expect(results.map((result) => result.ok)).toEqual([true, true, true, true, false]);
    await service.processEvents();
    const found = await service.getMetrics({ name: 'api_response_time', tags: { endpoint: '/a' } });
    expect(found.map((metric) => metric.value)).toEqual([-0, 150]);
    expect(found[1]).toEqual({ name: 'api_response_time', value: 150, tags: { endpoint: '/a', method: 'POST' }, timestamp: base + 1 });
    expect(await service.getMetrics({ name: 'tags:api_response_time' })).toHaveLength(1);
    expect(await service.getMetrics({ name: 'api_response_time', tags: { endpoint: '/c' } })).toEqual([]);
  });
});

describe('many samples in one call', () => {
  test('travel in jobs of their own, and are stored but for those that were refused, each with its own result', async () => {
    await using service = serviceWith({ batchSize: 100 });
    const base = Date.now() - 10_000;
    const items = Array.from({ length: 300 }, (_, place) => ({
      name: 'queue_length',
      value: place % 100 === 7 ? Number.NaN : place,
      tags: { queue: `q${place % 3}` },
      timestamp: base + place,
    }));
    const results = await service.trackMetrics(items);
    expect(results.map(({ ok }) => ok)).toEqual(items.map(({ value }) => !Number.isNaN(value)));
    expect((await service.getStats()).queue?.length).toBe(1);
    await service.processEvents();
    const found = await service.getMetrics({ name: 'queue_length', limit: 1000 });
    expect(found).toEqual(items.filter(({ value }) => !Number.isNaN(value)));
  });
});

describe('bad input', () => {
  test('is refused with every bad field, and nothing is sent', async () => {
    await using service = serviceWith();
    const bad = { type: 'nope', priority: 'urgent', properties: { ratio: Number.NaN }, userId: '' };
    const error: unknown = await service.trackEvent(bad as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).issues.map((issue) => issue.path).toSorted()).toEqual(['priority', 'properties.ratio', 'type', 'userId']);
    expect(await service.getEvents({ type: EventType.CUSTOM })).toEqual([]);
  });

  test('in a bulk call fails its own item only', async () => {
    await using service = serviceWith();
    const results = await service.trackEvents([{ type: EventType.CUSTOM }, { type: 'nope' }, { type: EventType.CUSTOM }]);
    expect(results.map((result) => result.ok)).toEqual([true, false, true]);
    await service.processEvents();
    expect(await service.getEvents({ type: EventType.CUSTOM })).toHaveLength(2);
  });

  test('in a query is refused', async () => {
    await using service = serviceWith();
    await expect(service.getEvents({ type: 'nope' })).rejects.toBeInstanceOf(ValidationError);
    await expect(service.getEvents({ type: EventType.CUSTOM, limit: 10_001 })).rejects.toBeInstanceOf(ValidationError);
  });

  test('in the options is refused by the constructor, all of it together', () => {
    expect(() => serviceWith({ batchSize: 0, retentionDays: -1 })).toThrow(/ANALYTICS_RETENTION_DAYS[\s\S]*ANALYTICS_BATCH_SIZE/);
    expect(() => serviceWith({ priorities: { low: 0 } })).toThrow(RangeError);
  });
});

test('a defined type has its own schema and priority', async () => {
  const types = createEventTypes();
  const mood = types.define('mood_entry', { schema: z.object({ score: z.number().min(0).max(10) }), priority: EventPriority.LOW });
  await using service = serviceWith({ eventTypes: types });
  await service.trackEvent({ type: mood, properties: { score: 7 } });
  await expect(service.trackEvent({ type: mood, properties: { score: 11 } })).rejects.toBeInstanceOf(ValidationError);
  await service.processEvents();
  expect(await service.getEvents({ type: mood })).toMatchObject([{ priority: 'low', properties: { score: 7 } }]);
});

test('a service shows no more than it keeps', async () => {
  const options = { redisPrefix: 'kept:' };
  await using writer = serviceWith({ ...options, retentionDays: 90 });
  await using reader = serviceWith({ ...options, retentionDays: 1 });
  await writer.trackEvents([
    { type: EventType.CUSTOM, timestamp: Date.now() - 2 * 86_400_000 },
    { type: EventType.CUSTOM, timestamp: Date.now() },
  ]);
  await writer.processEvents();
  expect(await writer.getEvents({ type: EventType.CUSTOM })).toHaveLength(2);
  expect(await reader.getEvents({ type: EventType.CUSTOM })).toHaveLength(1);
});

test('cleanup removes what is older than this instance keeps', async () => {
  const redisPrefix = 'cleaned:';
  await using writer = serviceWith({ redisPrefix });
  await writer.trackEvents([
    { type: EventType.CUSTOM, timestamp: Date.now() - 3 * 86_400_000 },
    { type: EventType.CUSTOM, timestamp: Date.now() },
  ]);
  await writer.trackMetric({ name: 'cpu', value: 1, timestamp: Date.now() - 3 * 86_400_000 });
  await writer.processEvents();
  await using cleaner = serviceWith({ redisPrefix, retentionDays: 1 });
  expect(await cleaner.cleanup()).toMatchObject({ events: 1, samples: 1 });
  expect(await writer.getEvents({ type: EventType.CUSTOM })).toHaveLength(1);
  expect(await writer.getMetrics({ name: 'cpu' })).toEqual([]);
});

test('the figures tell of what waits and of Redis', async () => {
  await using service = serviceWith();
  await service.trackEvent({ type: EventType.CUSTOM });
  const stats = await service.getStats();
  expect(stats.queue?.queues.events.waiting).toBe(1);
  expect(stats.system.redis.connected).toBe(true);
});

describe('keys', () => {
  test('that differ are found out at the first call', async () => {
    const redisPrefix = 'mixed:';
    await using first = serviceWith({ redisPrefix });
    await first.trackEvent({ type: EventType.CUSTOM });
    await using second = serviceWith({ redisPrefix, encryptionKey: randomBytes(32).toString('base64') });
    await expect(second.trackEvent({ type: EventType.CUSTOM })).rejects.toThrow(/ANALYTICS_ENCRYPTION_KEY/);
  });

  test('of a producer let it track and not read', async () => {
    const redisPrefix = 'producer:';
    const { publicKey } = await keyRingFromMaster(Buffer.from(encryptionKey, 'base64'));
    await using producer = new AnalyticsService({ redisUrl: redis.url, redisPrefix, publicKey });
    await using reader = serviceWith({ redisPrefix });
    const id = await producer.trackEvent({ type: EventType.CUSTOM });
    await reader.processEvents();
    expect((await reader.getEvents({ type: EventType.CUSTOM }))[0]?.id).toBe(id);
    await expect(producer.getEvents({ type: EventType.CUSTOM })).rejects.toBeInstanceOf(KeyError);
  });
});

test('a worker inside the application stores what it tracks', async () => {
  await using service = serviceWith({ worker: true });
  const id = await service.trackEvent({ type: EventType.CUSTOM });
  let events: readonly { id: string }[] = [];
  while (events.length === 0) events = await service.getEvents({ type: EventType.CUSTOM });
  expect(events[0]?.id).toBe(id);
});

test('every socket of a user receives the user’s events, and no other’s', async () => {
  await using service = serviceWith();
  const server = new WebSocketServer({ port: 0 });
  await once(server, 'listening');
  const address = server.address() as { port: number };
  const received: string[][] = [[], []];
  const clients: WebSocket[] = [];
  for (const messages of received) {
    const connected = once(server, 'connection') as Promise<[WebSocket]>;
    const client = new WebSocket(`ws://127.0.0.1:${address.port}`);
    client.on('message', (data: Buffer) => messages.push((JSON.parse(data.toString()) as { event: { id: string } }).event.id));
    const [socket] = await connected;
    service.registerClient(person(1), socket);
    clients.push(client);
  }
  const mine = await service.trackEvent({ type: EventType.CUSTOM, userId: person(1) });
  await service.trackEvent({ type: EventType.CUSTOM, userId: person(2) });
  const last = await service.trackEvent({ type: EventType.CUSTOM, userId: person(1) });
  await service.processEvents();
  for (const [place, client] of clients.entries()) while (received[place]!.length < 2) await once(client, 'message');
  expect(received).toEqual([[mine, last], [mine, last]]);
  for (const client of clients) client.terminate();
  server.close();
});

describe('an end', () => {
  test('delivers what was tracked before it, and refuses what comes after', async () => {
    const redisPrefix = 'closing:';
    const service = serviceWith({ redisPrefix });
    const call = service.trackEvent({ type: EventType.CUSTOM });
    await call;
    const late = service.trackEvent({ type: EventType.CUSTOM });
    expect(await service.close()).toEqual({ undelivered: 0 });
    await late;
    await expect(service.trackEvent({ type: EventType.CUSTOM })).rejects.toBeInstanceOf(ServiceClosedError);
    await using reader = serviceWith({ redisPrefix });
    await reader.processEvents();
    expect(await reader.getEvents({ type: EventType.CUSTOM })).toHaveLength(2);
  });

  test('of Redis leaves calls with an id to repeat, and the repeat stores nothing twice', async () => {
    const own = await startRedis();
    const options = { redisUrl: own.url, encryptionKey, deadlineMs: 1000 };
    const service = new AnalyticsService(options);
    await service.trackEvent({ type: EventType.CUSTOM, properties: { place: 0 } });
    await own.kill('SIGSTOP');
    const error: unknown = await service.trackEvent({ type: EventType.CUSTOM, properties: { place: 1 } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeadlineError);
    const { id } = error as DeadlineError;
    await own.kill('SIGCONT');
    await using other = new AnalyticsService({ ...options, deadlineMs: 2500 });
    await other.trackEvent({ type: EventType.CUSTOM, properties: { place: 1 }, id: id! });
    await service.close();
    await other.processEvents();
    const events = await other.getEvents({ type: EventType.CUSTOM });
    expect(events.map((event) => event.properties['place'])).toEqual([1, 0]);
    expect(events[0]?.id).toBe(id);
    await other.close();
    await own.stop();
  });
});
