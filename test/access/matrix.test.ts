import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ApiKeys } from '../../src/access/apiKeys/ApiKeys.js';
import { AccessGate } from '../../src/access/AccessGate.js';
import { decide } from '../../src/access/decide.js';
import { Revocations } from '../../src/access/revocation/Revocations.js';
import type { AuditEntry } from '../../src/audit/AuditLog.js';
import { operations, roles, type Operation, type Purpose, type Role } from '../../src/contract/access.js';
import { createHttpApi } from '../../src/http/createHttpApi.js';
import { apiOperations } from '../../src/http/operations.js';
import { AccessError, AnalyticsService, createEventTypes, type ActorOptions, type ActorService } from '../../src/index.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const types = createEventTypes();
const classes = ['public', 'internal', 'pii', 'phi'] as const;
const type = types.define('matrix', { classes: { properties: { public: 'public', internal: 'internal', pii: 'pii', phi: 'phi' } } });
const METRIC = 'matrix_metric';

/** Whose events there are: the actor's own, those of somebody in the panel, of somebody else, of nobody. */
const owners = { own: 'actor', panel: 'patient', other: 'stranger', nobody: undefined } as const;
type Owner = keyof typeof owners;

/**
 * The oracle: written by hand from the rules, and from nothing that the code holds. Letters are owners whose events come
 * out: o own, p panel, s others and nobody. `whole`: every class; `plain`: public and internal alone; `no`: refused.
 */
const events: Readonly<Record<Role, 'no' | { readonly of: string; readonly sees: 'whole' | 'plain' }>> = {
  ingest: 'no',
  self: { of: 'o', sees: 'whole' },
  clinician: { of: 'p', sees: 'whole' },
  analyst: { of: 'ops', sees: 'plain' },
  auditor: 'no',
  operator: 'no',
  admin: { of: 'ops', sees: 'whole' },
  viewer: 'no',
};
const letters: Readonly<Record<Owner, string>> = { own: 'o', panel: 'p', other: 's', nobody: 's' };

/** Operations beside those of events: the roles that may. */
const others: Readonly<Record<Exclude<Operation, 'events.read' | 'events.count'>, readonly Role[]>> = {
  'events.track': ['ingest', 'admin'],
  'metrics.track': ['ingest', 'admin'],
  'users.count': ['analyst', 'admin'],
  'metrics.read': ['analyst', 'operator', 'admin'],
  'stats.read': ['auditor', 'operator', 'admin', 'viewer'],
  'queues.view': ['operator', 'admin', 'viewer'],
  'queues.change': ['operator', 'admin'],
  'deadletters.list': ['operator', 'admin', 'viewer'],
  'deadletters.inspect': ['admin'],
  'deadletters.change': ['operator', 'admin'],
  'subjects.export': ['self', 'admin'],
  'subjects.amend': ['admin'],
  'subjects.erase': ['admin'],
  'subjects.hold': ['admin'],
  'subjects.read': ['auditor', 'admin'],
  'keys.rotate': ['operator', 'admin'],
  'keys.retire': ['admin'],
  'keys.destroy': ['admin'],
  'signin.board': ['operator', 'admin', 'viewer'],
  'signin.socket': ['self'],
  'signin.service': [...roles],
  'tokens.revoke': ['admin'],
  'apikeys.manage': ['admin'],
  'signins.manage': ['admin'],
  'export.deidentified': ['analyst', 'admin'],
  'backup.take': ['operator', 'admin'],
  'backup.restore': ['operator', 'admin'],
  'backup.forget': ['admin'],
  'emergency.begin': ['clinician', 'admin'],
  'emergency.end': ['clinician', 'operator', 'admin'],
  'emergency.list': ['auditor', 'operator', 'admin'],
  'audit.read': ['auditor', 'admin'],
  'audit.export': ['auditor', 'admin'],
  'audit.verify': ['auditor', 'operator', 'admin'],
  'store.maintain': ['operator', 'admin'],
};

const actorOf = (role: Role, purpose: ActorOptions['purpose'] = 'treatment'): ActorOptions => ({ subject: 'actor', roles: [role], purpose, panel: ['patient'] });

let server: TestRedis;
let service: AnalyticsService;
let http: Server;
let url: string;
/** API keys by role and purpose: they carry the panel. */
const credentials = new Map<string, string>();
beforeAll(async () => {
  server = await startRedis();
  const master = randomBytes(32);
  service = new AnalyticsService({
    redisUrl: server.url, encryptionKey: master.toString('base64'), deadlineMs: 30_000, eventTypes: types, guard: { mode: 'off' },
  });
  await makeKeys(master);
  http = createServer(createHttpApi(service)).listen(0, '127.0.0.1');
  await once(http, 'listening');
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const timestamp = Date.now() - 1000;
  await service.trackEvents(
    Object.entries(owners).flatMap(([owner, userId]) =>
      // Twelve each, so that no count is a small one.
      Array.from({ length: 12 }, () => ({
        type, ...(userId !== undefined && { userId }), timestamp,
        properties: { public: owner, internal: `internal of ${owner}`, pii: `pii of ${owner}`, phi: `phi of ${owner}` },
      })),
    ),
  );
  await service.trackMetric({ name: METRIC, value: 1, tags: { route: '/x', userId: 'patient' } });
  await service.processEvents();
}, 60_000);
afterAll(async () => {
  await new Promise((resolve) => http.close(resolve).closeAllConnections());
  await service.close();
  await server.stop();
});

const sorted = (events: unknown): string[] => (events as unknown[]).map((event) => JSON.stringify(event)).toSorted();

/** An export has lines, and no document. */
async function exported(role: Role, body: object): Promise<boolean> {
  const response = await fetch(`${url}/v1/events/export`, { method: 'POST', headers: { Authorization: `Bearer ${credentials.get(`${role} treatment`)}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  await response.text();
  expect([200, 403]).toContain(response.status);
  return response.status === 200;
}

async function makeKeys(master: Buffer): Promise<void> {
  const redis = connect(server.url, 'patient', 'test', () => undefined);
  const keys = createKeys('analytics:');
  const { audit, fields } = (await keyRingFromMaster(master)).reading!; // of the whole key
  const apiKeys = new ApiKeys({ redis, keys, fields, revocations: new Revocations({ redis, keys, secrets: audit, onError: () => undefined }) });
  for (const role of roles) {
    for (const purpose of ['treatment', 'research'] as const) {
      const { key } = await apiKeys.create({ ...actorOf(role, purpose), purpose });
      credentials.set(`${role} ${purpose}`, key);
    }
  }
  redis.disconnect();
}

/** Asks the same over HTTP, by a key of the role. @returns the answer, or 'no' for a refusal that is typed */
async function overHttp(role: Role, path: string, body: object, purpose: Purpose = 'treatment'): Promise<'no' | Record<string, unknown>> {
  const response = await fetch(`${url}${path}`, {
    method: path === '/v1/stats' ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${credentials.get(`${role} ${purpose}`)}`, 'Content-Type': 'application/json' },
    ...(path !== '/v1/stats' && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status === 403) {
    expect(JSON.parse(text)).toMatchObject({ code: 'FORBIDDEN' });
    return 'no';
  }
  expect([path, response.status < 300 || response.status === 404, text]).toEqual([path, true, text]);
  return path.endsWith('/stream') ? { events: text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as unknown) } : (JSON.parse(text) as Record<string, unknown>);
}

/** @returns what came out, or 'no' for a refusal that is typed */
async function attempt<T>(work: Promise<T>): Promise<T | 'no'> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AccessError) return 'no';
    throw error;
  }
}

describe.each(roles)('%s', (role) => {
  const expected = events[role];
  let actor: ActorService;
  beforeAll(() => {
    actor = service.as(actorOf(role));
  });

  it.each(Object.keys(owners) as Owner[])('sees of the events of %s what the oracle says, by each way of reading', async (owner) => {
    const isSeen = expected !== 'no' && expected.of.includes(letters[owner]);
    const where = { field: 'properties.public', eq: owner } as const;
    const read = await attempt(actor.getEvents({ type, where }));
    const paged = await attempt(actor.queryEvents({ type, where }));
    const count = await attempt(actor.countEvents({ type, where }));
    const byDay = await attempt(actor.countEventsBy({ type, where, interval: 'day' }));
    const asked = await Promise.all(['query', 'stream', 'count', 'count-by'].map(async (path) => overHttp(role, `/v1/events/${path}`, { type, where, ...(path === 'count-by' && { interval: 'day' }) })));
    if (expected === 'no') {
      expect([read, paged, count, byDay, ...asked]).toEqual(Array(8).fill('no'));
      return;
    }
    // The same answers by both ways, event by event.
    const [queried, streamed, counted, byDays] = asked as readonly Record<string, unknown>[];
    expect([queried!['events'], counted, byDays]).toEqual([JSON.parse(JSON.stringify(read)), { count }, { counts: byDay }]);
    expect(sorted(streamed!['events'])).toEqual(sorted(JSON.parse(JSON.stringify(read))));
    const number = isSeen ? 12 : 0;
    expect([read, paged === 'no' ? paged : paged.events].map((found) => found.length)).toEqual([number, number]);
    expect(count).toBe(number);
    expect(byDay === 'no' ? byDay : byDay.reduce((sum, one) => sum + one.count, 0)).toBe(number);
  });

  it.each(classes)('sees, selects and asks by a member that is %s as the oracle says', async (dataClass) => {
    const field = `properties.${dataClass}` as const;
    const whole = await attempt(actor.getEvents({ type }));
    const selected = await attempt(actor.getEvents({ type, select: [field] }));
    const asked = await attempt(actor.countEvents({ type, where: { field, exists: true } }));
    const overDoor = await Promise.all([overHttp(role, '/v1/events/query', { type }), overHttp(role, '/v1/events/query', { type, select: [field] }), overHttp(role, '/v1/events/count', { type, where: { field, exists: true } })]);
    if (expected === 'no') {
      expect([whole, selected, asked, ...overDoor]).toEqual(Array(6).fill('no'));
      return;
    }
    expect(overDoor.map((answer) => answer === 'no')).toEqual([whole, selected, asked].map((answer) => answer === 'no'));
    expect(overDoor[0] !== 'no' && overDoor[0]['events']).toEqual(JSON.parse(JSON.stringify(whole)));
    const isShown = expected.sees === 'whole' || dataClass === 'public' || dataClass === 'internal';
    expect(whole !== 'no' && whole.every((event) => Object.hasOwn(event.properties!, dataClass) === isShown)).toBe(true);
    expect(whole !== 'no' && whole.every((event) => Object.hasOwn(event, 'id') === (expected.sees === 'whole'))).toBe(true);
    expect(whole !== 'no' && whole.some((event) => event.userId !== undefined)).toBe(expected.sees === 'whole');
    expect(selected === 'no').toBe(!isShown);
    expect(asked === 'no').toBe(!isShown);
  });

  it.each(operations.filter((operation): operation is keyof typeof others => Object.hasOwn(others, operation)))('may or may not %s, and a denial is recorded', async (operation) => {
    const may = others[operation].includes(role);
    const records: AuditEntry[] = [];
    const gate = new AccessGate({ record: async (entry) => void records.push(entry) }, () => undefined);
    const outcome = await attempt(gate.act({ actor: actorOf(role), via: 'sdk' }, { operation }, async () => 'yes'));
    expect(outcome).toBe(may ? 'yes' : 'no');
    expect(records.map((entry) => entry.outcome)).toEqual([may ? 'allowed' : 'denied']);
  });

  it('reaches through the service what it may beside events', async () => {
    const may = (operation: keyof typeof others): boolean => others[operation].includes(role);
    const got = async (work: Promise<unknown>): Promise<boolean> => (await attempt(work)) !== 'no';
    expect(await got(actor.getMetrics({ name: METRIC }))).toBe(may('metrics.read'));
    expect(await got(actor.listMetrics())).toBe(may('metrics.read'));
    expect(await got(actor.listTags({ name: METRIC }))).toBe(may('metrics.read'));
    expect(await got(actor.aggregateMetrics({ name: METRIC, aggregations: ['sum'] }))).toBe(may('metrics.read'));
    expect(await got(actor.countUsers({ period: 'day' }))).toBe(may('users.count'));
    expect(await got(actor.getStats())).toBe(may('stats.read'));
    expect(await got(actor.deadLetters.list())).toBe(may('deadletters.list'));
    expect(await got(actor.audit.list({ limit: 1 }))).toBe(may('audit.read'));
    expect(await got(actor.audit.whoSaw({ userId: 'patient', limit: 1 }))).toBe(may('audit.read'));
    expect(await got(actor.audit.seenBy({ actor: 'actor', limit: 1 }))).toBe(may('audit.read'));
    expect(await got(actor.audit.pseudonyms(['patient']))).toBe(may('audit.read'));
    expect(await got(actor.audit.stream({ userId: 'patient' }).next())).toBe(may('audit.read'));
    expect(await got(actor.audit.export('ndjson').next())).toBe(may('audit.export'));
    expect(await got(actor.audit.verify())).toBe(may('audit.verify'));
    expect(await got(actor.deadLetters.count())).toBe(may('deadletters.list'));
    expect(await got(actor.deadLetters.retry({ all: true }))).toBe(may('deadletters.change'));
    const door: Readonly<Record<string, readonly [keyof typeof others, object]>> = {
      '/v1/events': ['events.track', { type }],
      '/v1/metrics': ['metrics.track', { name: 'other', value: 1 }],
      '/v1/metrics/query': ['metrics.read', { name: METRIC }],
      '/v1/metrics/aggregate': ['metrics.read', { name: METRIC, aggregations: ['sum'] }],
      '/v1/metrics/names': ['metrics.read', {}],
      '/v1/metrics/tags': ['metrics.read', { name: METRIC }],
      '/v1/metrics/tag-values': ['metrics.read', { name: METRIC, key: 'route' }],
      '/v1/users/count': ['users.count', { period: 'day' }],
      '/v1/events/export': ['export.deidentified', { type, fields: [], persons: false }],
      '/v1/stats': ['stats.read', {}],
    };
    const reached = await Promise.all(Object.entries(door).map(async ([path, [, body]]) => [path, path.endsWith('/export') ? await exported(role, body) : (await overHttp(role, path, body)) !== 'no']));
    expect(reached).toEqual(Object.entries(door).map(([path, [operation]]) => [path, may(operation)]));
    // Each path that there is has a cell: these, those of events above, and the event by its id.
    expect([...Object.keys(door), ...['query', 'get', 'stream', 'count', 'count-by'].map((name) => `/v1/events/${name}`)].toSorted()).toEqual(apiOperations.map(({ path }) => path).toSorted());
    const byId = await overHttp(role, '/v1/events/get', { id: 'no-such-id' });
    expect(byId === 'no').toBe(expected === 'no' || expected.sees === 'plain');
    // For want of a dead letter the one who may is told that there is none.
    expect(await actor.deadLetters.inspect('none', { actor: 'x' }).catch((error: unknown) => (error instanceof AccessError ? 'no' : 'none'))).toBe(may('deadletters.inspect') ? 'none' : 'no');
  });

  it('learns of no person by the tags of a metric, unless it may see persons', async () => {
    if (!others['metrics.read'].includes(role)) return;
    const isWhole = role === 'admin';
    expect((await actor.getMetrics({ name: METRIC }))[0]!.tags).toEqual(isWhole ? { route: '/x', userId: 'patient' } : { route: '/x' });
    expect(await actor.listTags({ name: METRIC })).toEqual(isWhole ? ['route', 'userId'] : ['route']);
    for (const work of [
      actor.getMetrics({ name: METRIC, tags: { userId: 'patient' } }),
      actor.listTagValues({ name: METRIC, key: 'userId' }),
      actor.aggregateMetrics({ name: METRIC, aggregations: ['sum'], groupBy: ['userId'] }),
      actor.aggregateMetrics({ name: METRIC, aggregations: ['distinct:userId'] }),
    ]) {
      expect((await attempt<unknown>(work)) !== 'no').toBe(isWhole);
    }
  });

  it('sees no more for research than what identifies nobody', async () => {
    const found = await attempt(service.as(actorOf(role, 'research')).getEvents({ type }));
    const overDoor = await overHttp(role, '/v1/events/query', { type }, 'research');
    expect(overDoor === 'no' ? 'no' : overDoor['events']).toEqual(JSON.parse(JSON.stringify(found)));
    if (expected === 'no') expect(found).toBe('no');
    else expect(found === 'no' ? [] : [...new Set(found.flatMap((event) => Object.keys(event.properties!)))].toSorted()).toEqual(['internal', 'public']);
  });
});

describe('roles together', () => {
  it('never widen what one that sees persons reaches by one that does not', () => {
    for (const first of roles) {
      for (const second of roles) {
        for (const operation of operations) {
          const both = grantOf([first, second], operation);
          const each = [grantOf([first], operation), grantOf([second], operation)];
          if (both === undefined) expect(each).toEqual([undefined, undefined]);
          else if (!both.isDeidentified) {
            // Whoever is shown whole comes from a role that shows whole.
            const reached = each.filter((grant) => grant !== undefined && !grant.isDeidentified);
            const all = reached.some((grant) => grant!.owners === 'all');
            expect(both.owners === 'all').toBe(all);
            if (both.owners !== 'all') expect([...both.owners].every((owner) => reached.some((grant) => (grant!.owners as ReadonlySet<string>).has(owner)))).toBe(true);
          }
        }
      }
    }
  });
});

function grantOf(given: readonly Role[], operation: Operation) {
  try {
    return decide({ subject: 'actor', roles: given, purpose: 'treatment', panel: ['patient'] }, operation);
  } catch {
    return undefined;
  }
}
