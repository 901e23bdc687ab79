import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { newBatchId } from '../../../src/codec/batchId.js';
import { hourOf } from '../../../src/codec/hours.js';
import { ServiceClosedError } from '../../../src/errors/ServiceClosedError.js';
import { ValidationError } from '../../../src/errors/ValidationError.js';
import { AnalyticsService, EventPriority, EventType } from '../../../src/index.js';
import { EventStore, type NewEventChunk } from '../../../src/storage/EventStore.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createEventFixture } from '../eventFixture.js';
import { person } from '../../support/witness/people.js';

const { PAGE_VIEW, USER_ACTION } = EventType;

let server: TestRedis;
let service: AnalyticsService;
const ids: string[] = [];
const now = Date.now();
beforeAll(async () => {
  server = await startRedis();
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64') });
  const items = Array.from({ length: 40 }, (_, place) => ({
    type: PAGE_VIEW,
    priority: place % 4 === 0 ? EventPriority.HIGH : EventPriority.NORMAL,
    userId: person(place % 3),
    properties: { page: `/${place % 5}`, cart: { total: place, 'a.b': 'x' }, labels: place % 2 === 0 ? ['even'] : ['odd'] },
    metadata: { browser: 'Firefox' },
    timestamp: now - 100_000 + place * 1000,
  }));
  for (const outcome of await service.trackEvents(items)) ids.push(outcome.ok ? outcome.id : '');
  await service.trackEvent({ type: USER_ACTION, id: 'order 1', properties: { n: 1 }, timestamp: now - 86_400_000 });
  for (let round = 0; round < 8; round += 1) await service.processEvents();
});
afterAll(async () => {
  await service.close();
  await server.stop();
});

describe('queries of a service', () => {
  it('filter, select and count', async () => {
    const where = { and: [{ field: 'properties.cart.total', gte: 10, lt: 20 }, { field: 'properties.labels', contains: 'odd' }] } as const;
    const whole = await service.getEvents({ type: PAGE_VIEW, where });
    expect(whole.map((event) => event.properties['page'])).toEqual(['/4', '/2', '/0', '/3', '/1']);
    expect(await service.countEvents({ type: PAGE_VIEW, where })).toBe(5);
    expect(await service.countEvents({ type: PAGE_VIEW, where, userId: person(1), priority: EventPriority.NORMAL })).toBe(2);

    const parts = await service.getEvents({ type: PAGE_VIEW, where, limit: 1, select: ['type', 'timestamp', ['properties', 'cart', 'a.b'], 'metadata', 'sessionId'] });
    expect(parts).toEqual([{ type: 'page_view', timestamp: now - 81_000, properties: { cart: { 'a.b': 'x' } }, metadata: { browser: 'Firefox' } }]);
    const [nothing] = await service.getEvents({ type: PAGE_VIEW, limit: 1, select: ['sessionId', 'properties.none'] });
    expect(nothing).toEqual({});
  });

  it('give events that may be changed, and are read again as they were stored', async () => {
    for (const select of [undefined, ['properties.cart', 'properties'], ['properties.cart']] as const) {
      const [event] = await service.getEvents({ type: PAGE_VIEW, limit: 1, select });
      const cart = event!.properties!['cart'] as { total: number };
      expect(cart.total).toBe(39);
      cart.total = -1;
    }
  });

  it('go on from page to page by a cursor that fits this query only', async () => {
    const options = { type: PAGE_VIEW, limit: 15, where: { field: 'userId', ne: person(2) } } as const;
    const first = await service.queryEvents(options);
    const second = await service.queryEvents({ ...options, cursor: first.cursor!, limit: 1000, select: ['timestamp'] });
    expect(first).toMatchObject({ scanned: 40, cursor: expect.stringMatching(/^[\w-]{44}$/) });
    expect(second).toEqual({ events: expect.any(Array), scanned: expect.any(Number) });
    expect([...first.events, ...second.events].map(({ timestamp }) => (timestamp! - now + 100_000) / 1000)).toEqual(
      Array.from({ length: 40 }, (_, place) => 39 - place).filter((place) => place % 3 !== 2),
    );

    const refused = [
      { ...options, order: 'asc' as const },
      { ...options, where: { field: 'userId', ne: person(1) } as const },
      { ...options, userId: person(1) },
      { ...options, type: USER_ACTION },
    ];
    for (const other of refused) await expect(service.queryEvents({ ...other, cursor: first.cursor! })).rejects.toThrow(ValidationError);
    for (let place = 0; place < 44; place += 1) {
      const cursor = first.cursor!.slice(0, place) + (first.cursor![place] === 'A' ? 'B' : 'A') + first.cursor!.slice(place + 1);
      await expect(service.queryEvents({ ...options, cursor })).rejects.toMatchObject({ issues: [{ path: 'cursor' }] });
    }
    for (const cursor of ['', 'x', `${first.cursor!}A`, `${first.cursor!.slice(0, -1)}=`, 7, null]) {
      await expect(service.queryEvents({ ...options, cursor: cursor as string })).rejects.toMatchObject({ issues: [{ path: 'cursor' }] });
    }
  });

  it('find an event by its id, of any type or of one', async () => {
    const [newest] = await service.getEvents({ type: PAGE_VIEW, limit: 1 });
    expect(await service.getEvent(newest!.id)).toEqual(newest);
    expect(ids).toContain(newest!.id);
    expect(await service.getEvent(ids[7]!, { type: PAGE_VIEW })).toMatchObject({ id: ids[7], properties: { cart: { total: 7 } } });
    expect(await service.getEvent(ids[7]!, { type: USER_ACTION })).toBeUndefined();
    expect(await service.getEvent('order 1')).toMatchObject({ type: 'user_action', properties: { n: 1 } });
    expect(await service.getEvent('order 2')).toBeUndefined();
    for (const id of ['', 'x'.repeat(129), 7, undefined]) await expect(service.getEvent(id as string)).rejects.toMatchObject({ issues: [{ path: 'id' }] });
    for (const options of [null, [], { type: 'no_such_type' }, { when: 1 }]) await expect(service.getEvent('x', options as never)).rejects.toThrow(ValidationError);
  });

  it('refuse every bad option at once, and hold none of the values in the error', async () => {
    const bad = {
      type: 'page_view',
      where: { field: 'nowhere', eq: 'secret' },
      select: ['id', 'secret', 7],
      budget: { events: 0 },
      limit: 'secret',
      cursor: ['secret'],
      secret: 'secret',
    } as never;
    const error: unknown = await service.queryEvents(bad).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).issues.map((issue) => issue.path).sort()).toEqual(
      ['budget', 'cursor', 'limit', 'secret', 'select[1]', 'select[2]', 'where.field'].sort(),
    );
    expect(JSON.stringify((error as ValidationError).issues).replace('"path":"secret"', '')).not.toContain('secret');

    const hostile: unknown[] = [
      undefined,
      'page_view',
      new Map(),
      new Proxy({}, { ownKeys: () => { throw new Error('trap'); } }),
      { type: PAGE_VIEW, get where() { throw new Error('getter'); } },
      { type: PAGE_VIEW, select: [] },
      { type: PAGE_VIEW, select: Array.from({ length: 257 }, () => 'id') },
      { type: PAGE_VIEW, select: new Proxy([], { get: () => { throw new Error('trap'); } }) },
      { type: PAGE_VIEW, budget: { get events() { throw new Error('getter'); } } },
      { type: PAGE_VIEW, budget: new Proxy({}, { ownKeys: () => { throw new Error('trap'); } }) },
      { type: PAGE_VIEW, budget: { ms: Infinity } },
      { get type() { throw new Error('getter'); } },
    ];
    for (const options of hostile) await expect(service.queryEvents(options as never)).rejects.toThrow(ValidationError);
    await expect(service.countEvents({ type: PAGE_VIEW, limit: 5 } as never)).rejects.toMatchObject({ issues: [{ path: 'limit' }] });
    await expect(service.streamEvents({ type: PAGE_VIEW, budget: {} } as never).next()).rejects.toMatchObject({ issues: [{ path: 'budget' }] });
  });
});

describe('streamEvents', () => {
  it('gives the events of a range one by one, and ends where its reader does', async () => {
    const totals: unknown[] = [];
    for await (const event of service.streamEvents({ type: PAGE_VIEW, priority: EventPriority.HIGH, select: ['properties.cart.total'] })) {
      totals.push((event.properties!['cart'] as { total: number }).total);
      if (totals.length === 4) break;
    }
    expect(totals).toEqual([0, 4, 8, 12]);
    const left = await listOf(service.streamEvents({ type: PAGE_VIEW, order: 'desc', startTime: now - 62_000 }));
    expect(left.map((event) => event.id)).toEqual(ids.slice(-2).reverse());
  });

  it('holds a few pages in memory, however many events there are', async () => {
    const EVENTS = 300_000;
    const PER_CHUNK = 2000;
    const store = await createEventFixture(server.url);
    const writer = new EventStore(store.redis, store.keys, store.keyRing.reading!);
    const start = now - 3_600_000 * 60;
    for (let from = 0; from < EVENTS; from += PER_CHUNK * 10) {
      await writer.store(Array.from({ length: 10 }, (_, place) => chunkAt(start + ((from / PER_CHUNK + place) * 60_000), PER_CHUNK)), now);
    }
    const reading = new AnalyticsService({ redisUrl: server.url, redisPrefix: store.keys.prefix, encryptionKey: store.masterKey.toString('base64') });
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const before = process.memoryUsage().heapUsed;
    let most = 0;
    let count = 0;
    let last = -Infinity;
    for await (const { timestamp } of reading.streamEvents({ type: PAGE_VIEW })) {
      if (timestamp < last) throw new Error('Events came out of order.');
      last = timestamp;
      count += 1;
      if (count % 30_000 !== 0) continue;
      collect();
      most = Math.max(most, process.memoryUsage().heapUsed - before);
    }
    expect(count).toBe(EVENTS);
    // 32 MiB of decoded chunks may stay in memory, and a page; all the events would take 150 MB.
    expect(most).toBeLessThan(80e6);
    const stream = reading.streamEvents({ type: PAGE_VIEW });
    await stream.next();
    await reading.close();
    await expect(listOf(stream)).rejects.toThrow(ServiceClosedError);
    await store.close();
  }, 60_000);
});

async function listOf<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of stream) list.push(one);
  return list;
}

function chunkAt(from: number, count: number): NewEventChunk {
  const hour = hourOf(from);
  const times = Array.from({ length: count }, (_, place) => Math.min(from + place * 20, (hour + 1) * 3_600_000 - 1));
  const rows = {
    batchId: newBatchId(from),
    priority: EventPriority.NORMAL,
    places: times.map((_, place) => place),
    types: times.map(() => PAGE_VIEW),
    timestamps: times,
    users: times.map((_, place) => person(place)),
    sessions: times.map(() => null),
    callerIds: new Map<number, string>(),
    properties: times.map((time) => JSON.stringify({ page: `/page/${time % 100}`, text: `${time} ${'x'.repeat(30)}` })),
    metadata: times.map(() => ''),
  };
  return { type: PAGE_VIEW, hour, chunkId: randomBytes(16), rows, marks: [] };
}
