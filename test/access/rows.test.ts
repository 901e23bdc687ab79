import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { AccessError, AnalyticsService, EventType, ValidationError, type ActorOptions } from '../../src/index.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

const type = EventType.CUSTOM;
const now = Date.now();

let server: TestRedis;
let service: AnalyticsService;
beforeAll(async () => {
  server = await startRedis();
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64'), deadlineMs: 15_000, batchSize: 4096 });
  const owners = [people.ann, people.bob, 'cid', undefined];
  await service.trackEvents(
    Array.from({ length: 40 }, (_, place) => {
      const userId = owners[place % 4];
      return { type, id: `event ${place}`, ...(userId !== undefined && { userId }), properties: { place }, timestamp: now - 1000 * place };
    }),
  );
  await service.processEvents();
});
afterAll(async () => {
  await service.close();
  await server.stop();
});

const self = (subject: string): ActorOptions => ({ subject, roles: ['self'], purpose: 'subject-request' });
const clinician = (...panel: string[]): ActorOptions => ({ subject: 'dr-1', roles: ['clinician'], purpose: 'treatment', panel });

async function refused(work: Promise<unknown>): Promise<AccessError> {
  const error = await work.then(
    () => new Error('it was allowed'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AccessError);
  return error as AccessError;
}

describe('an actor', () => {
  it('sees the events of those whom it may see, and pages and counts follow', async () => {
    const ann = service.as(self(people.ann));
    const events = await ann.getEvents({ type });
    expect(events.map(({ userId }) => userId)).toEqual(Array(10).fill(people.ann));
    expect(await ann.countEvents({ type })).toBe(10);
    expect(await service.as(clinician(people.ann, 'cid')).countEvents({ type })).toBe(20);
    expect(await service.as(clinician()).getEvents({ type })).toEqual([]);
    expect(await service.as({ subject: 'root', roles: ['admin'], purpose: 'operations' }).countEvents({ type })).toBe(40);

    const first = await ann.queryEvents({ type, limit: 6 });
    const second = await ann.queryEvents({ type, limit: 6, cursor: first.cursor! });
    expect([...first.events, ...second.events]).toEqual(events);
    expect(await ann.getEvents({ type, offset: 8 })).toEqual(events.slice(8));
    const streamed = [];
    for await (const event of ann.streamEvents({ type, order: 'desc' })) streamed.push(event);
    expect(streamed).toEqual(events);
    expect((await ann.countEventsBy({ type, interval: 'day' })).reduce((sum, { count }) => sum + count, 0)).toBe(10);
  });

  it('streams more than one page, those who are shown whole events and those who are not', async () => {
    const many = EventType.PAGE_VIEW;
    await service.trackEvents(Array.from({ length: 4050 }, (_, place) => ({ type: many, userId: place % 2 === 0 ? people.ann : people.bob, properties: {} })));
    await service.processEvents();
    const streamed = async (actor: ActorOptions): Promise<number> => {
      let count = 0;
      for await (const event of service.as(actor).streamEvents({ type: many })) count += event.type === many ? 1 : 0;
      return count;
    };
    expect(await streamed(self(people.ann))).toBe(2025);
    expect(await streamed(clinician(people.bob, people.ann))).toBe(4050);
    expect(await streamed({ subject: 'analyst-3', roles: ['analyst'], purpose: 'operations' })).toBe(4050);
  });

  it('learns nothing of the others by filters, ids and cursors', async () => {
    const ann = service.as(self(people.ann));
    expect(await ann.getEvents({ type, userId: people.bob })).toEqual([]);
    expect(await ann.countEvents({ type, where: { or: [{ field: 'userId', eq: people.bob }, { field: 'id', prefix: 'event' }] } })).toBe(10);
    expect(await ann.countEvents({ type, where: { not: { field: 'userId', eq: people.ann } } })).toBe(0);
    expect(await ann.getEvent('event 1')).toBeUndefined();
    expect(await ann.getEvent('event 3')).toBeUndefined();
    expect(await ann.getEvent('event 4')).toMatchObject({ userId: people.ann });
    const { cursor } = await service.as(self(people.bob)).queryEvents({ type, limit: 1 });
    await expect(ann.queryEvents({ type, limit: 1, cursor: cursor! })).rejects.toBeInstanceOf(ValidationError);
  });

  it('tracks if its role is to, and sees nothing by that', async () => {
    const program = service.as({ subject: 'importer', roles: ['ingest'], purpose: 'operations' });
    const id = await program.trackEvent({ type: EventType.NOTIFICATION, userId: people.ann, properties: {} });
    expect(await program.trackEvents([{ type: EventType.NOTIFICATION, userId: people.ann }])).toMatchObject([{ ok: true }]);
    await program.trackMetric({ name: 'imported', value: 1 });
    expect(await program.trackMetrics([{ name: 'imported', value: 2 }])).toMatchObject([{ ok: true }]);
    await service.processEvents();
    expect(await service.getEvent(id)).toMatchObject({ userId: people.ann });
    await refused(program.getEvent(id));
    const ann = service.as(self(people.ann));
    for (const track of [ann.trackEvent({ type }), ann.trackEvents([{ type }]), ann.trackMetric({ name: 'cpu', value: 1 }), ann.trackMetrics([{ name: 'cpu', value: 1 }])]) {
      expect(await refused(track)).toMatchObject({ code: 'FORBIDDEN', reason: 'role' });
    }
  });

  it('is refused what none of its roles allows', async () => {
    for (const role of ['ingest', 'auditor', 'operator', 'viewer'] as const) {
      const other = service.as({ subject: 'x', roles: [role], purpose: 'operations' });
      expect(await refused(other.getEvents({ type }))).toMatchObject({ code: 'FORBIDDEN', operation: 'events.read', reason: 'role' });
    }
    await refused(service.as(self(people.ann)).getMetrics({ name: 'cpu' }));
    await refused(service.as(self(people.ann)).countUsers({ period: 'day' }));
  });

  it('is refused itself when it is malformed, every bad field by name and no value', () => {
    const bad = { subject: '', roles: ['self', 'self'], purpose: 'application', panel: [7], origin: 'a\nb', more: 1 };
    const attempt = (): unknown => service.as(bad as never);
    expect(attempt).toThrow(ValidationError);
    try {
      attempt();
    } catch (error) {
      expect((error as ValidationError).issues.map(({ path }) => path).toSorted()).toEqual(['more', 'origin', 'panel', 'purpose', 'roles', 'subject']);
    }
    for (const given of [undefined, null, people.ann, [], new Map(), new Proxy({}, { ownKeys: () => ['x', 'x'] })]) {
      expect(() => service.as(given as never)).toThrow(ValidationError);
    }
  });

  it('is copied: what is done to it afterwards changes nothing', async () => {
    const given = { subject: people.ann, roles: ['self'] as ('self' | 'admin')[], purpose: 'treatment' as const };
    const ann = service.as(given);
    given.roles.push('admin');
    given.subject = people.bob;
    expect((await ann.getEvents({ type })).every(({ userId }) => userId === people.ann)).toBe(true);
  });
});
