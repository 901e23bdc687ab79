import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { AccessError, AnalyticsService, createEventTypes, type ActorOptions, type DeidentifiedExportOptions } from '../../src/index.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const types = createEventTypes();
const type = types.define('visit', {
  classes: {
    properties: { channel: 'public', age: 'internal', device: 'internal', zip: 'public', diagnosis: 'phi', mail: 'pii' },
    metadata: { release: 'public' },
  },
});
const guarded = types.define('guarded', { classes: { properties: { x: 'public' } }, labels: ['part2'] });

const analyst: ActorOptions = { subject: 'analyst-1', roles: ['analyst'], purpose: 'research' };
/** All within one hour, and not expired. */
const timestamp = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 5 * 86_400_000;
const PEOPLE = 30;

let server: TestRedis;
let service: AnalyticsService;
beforeAll(async () => {
  server = await startRedis();
  service = new AnalyticsService({ redisUrl: server.url, encryptionKey: randomBytes(32).toString('base64'), deadlineMs: 20_000, eventTypes: types, guard: { mode: 'off' } });
  await service.trackEvents([
    ...Array.from({ length: PEOPLE * 3 }, (_, place) => ({
      type,
      userId: `user-canary-${place % PEOPLE}`,
      sessionId: `session-canary-${place}`,
      properties: {
        channel: place % PEOPLE < 25 ? (place % PEOPLE < 12 ? 'web' : 'phone') : 'fax',
        age: 80 + (place % 2) * 15,
        device: 'a text of several words that somebody typed',
        zip: '02139',
        diagnosis: 'canary-diagnosis',
        mail: 'canary@example.org',
      },
      metadata: { release: '1.2' },
      timestamp: timestamp + place * 1013,
    })),
    { type: guarded, userId: 'user-canary-1', properties: { x: 1 }, timestamp },
  ]);
  await service.processEvents();
});
afterAll(async () => {
  await service.close();
  await server.stop();
});

async function text(options: DeidentifiedExportOptions, actor: ActorOptions = analyst): Promise<string> {
  let all = '';
  for await (const piece of service.as(actor).exportDeidentified(options)) all += piece;
  return all;
}
const rows = async (options: DeidentifiedExportOptions) => (await text(options)).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
const options = (more: Partial<DeidentifiedExportOptions> = {}): DeidentifiedExportOptions => ({ type, fields: ['properties.channel', 'metadata.release'], ...more });

describe('a de-identified export', () => {
  it('holds the allowed members of what at least eleven people share, and no id, exact time or other member', async () => {
    const all = await text(options({ internal: true, fields: ['properties.channel', 'properties.device', 'metadata.release'] }));
    const found = all.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
    // Five people faxed: they go, and the smaller of the other two with them, or the total would tell.
    expect(new Set(found.map((row) => row['properties.channel']))).toEqual(new Set(['phone']));
    expect(found).toHaveLength(13 * 3);
    expect(Object.keys(found[0]!)).toEqual(['type', 'year', 'properties.channel', 'properties.device', 'metadata.release', 'person']);
    expect(found.every((row) => row['year'] === new Date(timestamp).getUTCFullYear() && row['properties.device'] === null)).toBe(true);
    expect(all).not.toMatch(/canary|02139|typed/);
    for (let place = 0; place < PEOPLE * 3; place += 1) expect(all).not.toContain(String(timestamp + place * 1013));
  });

  it('names people by surrogates of this export alone, and rows in an order of their own', async () => {
    const [one, other] = [await rows(options()), await rows(options())];
    expect(one).toHaveLength(other.length);
    const people = (list: typeof one) => new Set(list.map(({ person }) => person));
    expect(people(one).size).toBe(13);
    expect([...people(one)].filter((person) => people(other).has(person))).toEqual([]);
    // Each person has three rows; in the order of storing each thirteen in a row would be different people.
    const firstRows = one.slice(0, 13).map(({ person }) => person);
    expect(new Set(firstRows).size).toBeLessThan(13);
    expect((await rows(options({ persons: false })))[0]).not.toHaveProperty('person');
  });

  it('tells the hour of the day without a date, ages over 89 as 90+, and CSV', async () => {
    const found = await rows(options({ time: 'hourOfDay', fields: ['metadata.release'] }));
    expect(new Set(found.map(({ hourOfDay }) => Number(hourOfDay)))).toEqual(new Set([new Date(timestamp).getUTCHours()]));
    const ages = new Set((await rows(options({ internal: true, fields: ['properties.age'] }))).map((row) => row['properties.age']));
    expect(ages).toEqual(new Set([80, '90+']));
    const csv = await text(options({ format: 'csv', fields: ['metadata.release'], persons: false }));
    expect(csv.split('\r\n').slice(0, 2)).toEqual(['type,year,metadata.release', `visit,${new Date(timestamp).getUTCFullYear()},1.2`]);
  });

  it('refuses members that are not on the list, types under a law of their own, and whoever is no analyst', async () => {
    for (const field of ['properties.diagnosis', 'properties.mail', 'properties.undeclared', 'properties.age', 'properties.zip', 'properties.__proto__']) {
      await expect(text(options({ fields: [field] }))).rejects.toMatchObject({ code: 'FORBIDDEN', reason: 'field', field });
    }
    await expect(text({ type: guarded, fields: ['properties.x'] }, { ...analyst, labels: ['part2'] })).rejects.toMatchObject({ code: 'FORBIDDEN', reason: 'label' });
    for (const role of ['self', 'clinician', 'auditor', 'operator', 'ingest', 'viewer'] as const) {
      await expect(text(options(), { ...analyst, roles: [role] })).rejects.toBeInstanceOf(AccessError);
    }
    for (const bad of [{ fields: ['userId'] }, { fields: ['sessionId'] }, { fields: ['timestamp'] }, { minimum: 10 }, { minimum: 0 }, { type: 'nothing' }, { startTime: 1 }]) {
      await expect(text({ ...options(), ...bad } as DeidentifiedExportOptions)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    }
  });
});
