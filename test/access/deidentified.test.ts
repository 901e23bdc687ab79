import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { AccessError, AnalyticsService, createEventTypes, type ActorOptions, type EventFilter } from '../../src/index.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { person } from '../support/witness/people.js';

const types = createEventTypes();
const type = types.define('visit', {
  classes: {
    properties: { channel: 'public', browser: { name: 'internal', token: 'phi' }, note: 'phi', mail: 'pii', rooms: { floor: 'internal', patient: 'phi' } },
    metadata: { release: 'internal', '*': 'phi' },
  },
});
const open = types.define('open', { classes: { properties: 'internal' } });
const guarded = types.define('guarded', { classes: { properties: 'internal' }, labels: ['part2'] });

const DAY_MS = 86_400_000;
const now = Date.now();
const thisYear = Date.UTC(new Date(now).getUTCFullYear(), 0);
/** So early that all of the day's events lie within it and within the year, and so late that none is expired. */
const today = Math.max(Math.floor(now / DAY_MS) * DAY_MS, thisYear);

let server: TestRedis;
let service: AnalyticsService;
beforeAll(async () => {
  server = await startRedis();
  const options = { redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64'), deadlineMs: 20_000, eventTypes: types, guard: { mode: 'off' as const } };
  service = new AnalyticsService(options);
  await service.trackEvents([
    ...Array.from({ length: 30 }, (_, place) => ({
      type,
      id: `visit ${place}`,
      userId: person(place % 5),
      sessionId: `session-${place}`,
      properties: {
        channel: place % 3 === 0 ? 'phone' : 'web',
        browser: { name: 'Firefox', token: 'CANARY' },
        note: 'CANARY',
        mail: 'CANARY',
        undeclared: 'CANARY',
        rooms: [{ floor: 1, patient: 'CANARY' }, { patient: 'CANARY' }],
      },
      metadata: { release: '1.2', host: 'CANARY' },
      timestamp: today + place,
    })),
    { type: open, properties: { anything: [[1], 'x'] }, timestamp: today },
    { type: guarded, userId: person(1), properties: { x: 1 }, timestamp: today },
  ]);
  await service.processEvents();
});
afterAll(async () => {
  await service.close();
  await server.stop();
});

const analyst: ActorOptions = { subject: 'analyst-1', roles: ['analyst'], purpose: 'research' };

async function refused(work: Promise<unknown>, expected: Partial<AccessError>): Promise<void> {
  await expect(work).rejects.toBeInstanceOf(AccessError);
  await expect(work).rejects.toMatchObject({ code: 'FORBIDDEN', ...expected });
}

const shown = {
  type: 'visit',
  priority: 'normal',
  timestamp: thisYear,
  properties: { channel: 'web', browser: { name: 'Firefox' }, rooms: [{ floor: 1 }, {}] },
  metadata: { release: '1.2' },
};

describe('whoever may identify nobody', () => {
  it('sees the members that are declared public or internal, the year, and no id', async () => {
    const events = await service.as(analyst).getEvents({ type });
    expect(events).toHaveLength(30);
    expect(events[0]).toEqual(shown);
    expect(JSON.stringify(events)).not.toMatch(/CANARY|user-|session-|visit \d/);
    expect(await service.as(analyst).getEvents({ type: open })).toEqual([{ type: 'open', priority: 'normal', timestamp: thisYear, properties: { anything: [[1], 'x'] } }]);
    expect(await service.as(analyst).getEvents({ type, limit: 1, select: ['properties', 'timestamp'] })).toEqual([{ properties: shown.properties, timestamp: thisYear }]);
  });

  it('sees the same of a clinician or an administrator who reads for research', async () => {
    const clinician = service.as({ subject: 'dr-1', roles: ['clinician'], purpose: 'research', panel: [person(1)] });
    expect(await clinician.getEvents({ type })).toHaveLength(6);
    expect((await clinician.getEvents({ type }))[0]).toEqual(shown);
    const admin = service.as({ subject: 'root', roles: ['admin'], purpose: 'research' });
    expect((await admin.getEvents({ type, limit: 1 }))[0]).toEqual(shown);
  });

  it('goes through pages whose cursors tell no time', async () => {
    const actor = service.as(analyst);
    const first = await actor.queryEvents({ type, limit: 20 });
    const second = await actor.queryEvents({ type, limit: 20, cursor: first.cursor! });
    expect([first, second].map(({ events, scanned }) => [events.length, scanned])).toEqual([[20, 20], [10, 10]]);
    const time = Buffer.alloc(8);
    time.writeDoubleBE(today + 10);
    expect(Buffer.from(first.cursor!, 'base64url').includes(time.subarray(0, 6))).toBe(false);
  });

  it('cannot ask by what it may not see, however the question is put', async () => {
    const actor = service.as(analyst);
    const fields = ['properties.note', 'properties.mail', 'properties.undeclared', 'properties.browser', 'properties.browser.token', 'properties.rooms', 'metadata.host'];
    for (const field of [...fields, 'userId', 'sessionId', 'id', 'timestamp'] as const) {
      const condition = { field, exists: true } as EventFilter;
      for (const where of [condition, { not: condition }, { or: [{ and: [condition] }, { field: 'properties.channel', eq: 'web' }] }] as EventFilter[]) {
        await refused(actor.getEvents({ type, where }), { reason: 'field', field });
        await refused(actor.countEvents({ type, where }), { reason: 'field', field });
        await refused(actor.countEventsBy({ type, where, interval: 'day' }), { reason: 'field', field });
      }
    }
    await refused(actor.getEvents({ type, userId: person(1) }), { field: 'userId' });
    await refused(actor.countEvents({ type, sessionId: 'session-1' }), { field: 'sessionId' });
    await refused(actor.getEvent('visit 1'), { field: 'id' });
    for (const select of [['userId'], ['id'], ['properties.note'], [['properties', 'browser', 'token']], ['metadata.host']] as const) {
      await refused(actor.getEvents({ type, select }), { reason: 'field' });
    }
    const where = { field: 'properties.channel', eq: 'phone' } as const;
    expect(await actor.getEvents({ type, where, select: ['properties.browser'] })).toEqual(Array(10).fill({ properties: { browser: { name: 'Firefox' } } }));
    await refused(actor.countEventsBy({ interval: 'day', where }), { field: 'properties.channel' });
  });

  it('asks for whole years of events, and for whole days of counts, of which small ones are not told', async () => {
    const actor = service.as(analyst);
    await refused(actor.getEvents({ type, startTime: today + 1 }), { reason: 'range', field: 'startTime' });
    await refused(actor.getEvents({ type, endTime: today + 10 }), { reason: 'range', field: 'endTime' });
    expect(await actor.getEvents({ type, startTime: thisYear, limit: 3 })).toHaveLength(3);
    await refused(actor.countEvents({ type, startTime: today + 1 }), { field: 'startTime' });
    await refused(actor.countEventsBy({ type, interval: 'hour' }), { field: 'interval' });
    await refused(actor.countEventsBy({ type, interval: 'day', timezone: 'Europe/Berlin' }), { field: 'timezone' });
    await refused(actor.countEvents({ type, budget: { events: 5 } }), { field: 'budget' });

    expect(await actor.countEvents({ type, startTime: today, endTime: today + DAY_MS - 1 })).toBe(30);
    await refused(actor.countEvents({ type, where: { field: 'properties.channel', eq: 'phone' } }), { reason: 'small_count' });
    expect(await actor.countEvents({ type, where: { field: 'properties.channel', eq: 'fax' } })).toBe(0);
    expect(await actor.countEventsBy({ type, interval: 'day' })).toEqual([{ type: 'visit', time: today, count: 30 }]);
    expect(await actor.countEventsBy({ type: open, interval: 'day' })).toEqual([]);
    expect(await actor.countUsers({ type, period: 'day' })).toEqual([]);
  });
});

describe('a type that a law of its own protects', () => {
  it('is shown to those who are allowed it by name', async () => {
    const reader = (labels?: ['part2']): ActorOptions => ({ subject: 'dr-1', roles: ['clinician'], purpose: 'treatment', panel: [person(1)], ...(labels && { labels }) });
    await refused(service.as(reader()).getEvents({ type: guarded }), { reason: 'label' });
    await refused(service.as(reader()).countEvents({ type: guarded }), { reason: 'label' });
    expect((await service.as(reader()).countEventsBy({ interval: 'day' })).map((count) => count.type)).toEqual(['visit']);
    expect(await service.as(reader(['part2'])).getEvents({ type: guarded })).toHaveLength(1);
    expect((await service.as(reader(['part2'])).countEventsBy({ interval: 'day' })).map((count) => count.type).toSorted()).toEqual(['guarded', 'visit']);
  });
});
