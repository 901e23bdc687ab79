import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { apiOperations } from '../../src/http/operations.js';
import { problemSchema } from '../../src/http/schemas.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { startHttpFixture, type HttpFixture } from './httpFixture.js';
import { person } from '../support/witness/people.js';

let server: TestRedis;
let api: HttpFixture;
beforeAll(async () => {
  server = await startRedis();
  api = await startHttpFixture(server.url);
  const events = Array.from({ length: 30 }, (_, place) => ({
    id: `event-${place}`, type: 'user_action', userId: person(place % 15), timestamp: Date.now() - 1000 * place, properties: { action: place % 2 === 0 ? 'click' : 'scroll', place },
  }));
  await api.post('/v1/events', events, { role: 'ingest' });
  await api.post('/v1/metrics', [{ name: 'cpu', value: 1, tags: { host: 'a' } }, { name: 'cpu', value: 3, tags: { host: 'b', userId: person(1) } }], { role: 'ingest' });
  await api.service.processEvents();
});
afterAll(async () => {
  await api.close();
  await server.stop();
});

/** A body that each path takes, over what was tracked. */
const bodies: Readonly<Record<string, unknown>> = {
  '/v1/events': { type: 'custom', properties: { n: 1 } },
  '/v1/events/query': { type: 'user_action', limit: 5 },
  '/v1/events/get': { id: 'event-3', type: 'user_action' },
  '/v1/events/stream': { type: 'user_action' },
  '/v1/events/export': { type: 'user_action', fields: [], persons: false },
  '/v1/events/count': { type: 'user_action', userId: person(1) },
  '/v1/events/count-by': { type: 'user_action', interval: 'day' },
  '/v1/users/count': { period: 'day' },
  '/v1/metrics': { name: 'memory', value: 1 },
  '/v1/metrics/query': { name: 'cpu' },
  '/v1/metrics/aggregate': { name: 'cpu', aggregations: ['sum', 'count'], groupBy: ['host'] },
  '/v1/metrics/names': {},
  '/v1/metrics/tags': { name: 'cpu' },
  '/v1/metrics/tag-values': { name: 'cpu', key: 'host' },
};

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}

describe('every path', () => {
  it.each(apiOperations.map((operation) => [operation.path, operation] as const))('%s answers as it is described', async (path, operation) => {
    const response = operation.method === 'GET' ? await api.get(path) : await api.post(path, bodies[path]);
    expect(response.status).toBe(operation.kind === 'track' ? 202 : 200);
    if (operation.kind === 'stream') {
      const lines = (await response.text()).trimEnd().split('\n');
      for (const line of lines) operation.line.parse(JSON.parse(line));
      expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    } else operation.answer.parse(await response.json());
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-powered-by')).toBeNull();
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each(apiOperations.map(({ path, method }) => [path, method] as const))('%s lets in nobody without a credential, takes no other method, and nothing from its URL', async (path, method) => {
    const nobody = method === 'GET' ? await api.get(path, { token: null }) : await api.post(path, bodies[path], { token: null });
    expect([nobody.status, nobody.headers.get('www-authenticate'), (await jsonOf(nobody))['code']]).toEqual([401, 'Bearer realm="analytics"', 'UNAUTHENTICATED']);
    const other = await fetch(api.url + path, { method: method === 'GET' ? 'DELETE' : 'GET' });
    expect([other.status, other.headers.get('allow')]).toEqual([405, method]);
    const token = await api.token('admin');
    for (const query of [`?access_token=${token}`, '?userId=user-1']) expect((await fetch(`${api.url}${path}${query}`, { method })).status).toBe(400);
  });
});

describe('reading', () => {
  it('goes on from page to page, each event once, and refuses the cursor of another query', async () => {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await jsonOf(await api.post('/v1/events/query', { type: 'user_action', limit: 7, ...(cursor !== undefined && { cursor }) }));
      ids.push(...(page['events'] as { id: string }[]).map(({ id }) => id));
      cursor = page['cursor'] as string | undefined;
      if (ids.length === 7) expect((await api.post('/v1/events/query', { type: 'user_action', userId: person(1), cursor })).status).toBe(400);
    } while (cursor !== undefined);
    expect(ids.toSorted()).toEqual(Array.from({ length: 30 }, (_, place) => `event-${place}`).toSorted());
  });

  it('answers what is not there, and what is somebody else’s, with the same 404', async () => {
    const own = await api.post('/v1/events/get', { id: 'event-1' }, { role: 'self', subject: person(1) });
    expect([own.status, (await jsonOf(own))['userId']]).toEqual([200, person(1)]);
    const answers = await Promise.all(['event-2', 'event-none'].map(async (id) => api.post('/v1/events/get', { id }, { role: 'self', subject: person(1) })));
    const [theirs, nobodys] = await Promise.all(answers.map(async (answer) => ({ ...(await jsonOf(answer)), requestId: '' })));
    expect(theirs).toEqual(nobodys);
    expect(theirs).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  it('cuts samples at 10,000 and says that there are more', async () => {
    await api.service.trackMetrics(Array.from({ length: 10_001 }, (_, place) => ({ name: 'many', value: place })));
    expect(await until(async () => {
      await api.service.processEvents();
      return (await api.service.getMetrics({ name: 'many' })).length === 10_001;
    })).toBe(true);
    for (const [limit, count, more] of [[undefined, 10_000, true], [20_000, 10_000, true], [10_000, 10_000, false], [3, 3, false]] as const) {
      const { samples, more: isMore } = await jsonOf(await api.post('/v1/metrics/query', { name: 'many', ...(limit !== undefined && { limit }) }));
      expect([(samples as unknown[]).length, isMore]).toEqual([count, more]);
    }
  });

  it('shows less for a purpose that asks for less, and keeps to the purpose of an API key', async () => {
    const shown = async (asked: Parameters<HttpFixture['post']>[2]) => jsonOf(await api.post('/v1/events/query', { type: 'user_action', limit: 1 }, asked));
    expect(await shown({})).toMatchObject({ events: [{ userId: person(0) }] });
    expect(JSON.stringify(await shown({ headers: { 'Analytics-Purpose': 'research' } }))).not.toContain('user-');
    const key = await api.apiKey({ roles: ['admin'], purpose: 'research' });
    expect(JSON.stringify(await shown({ token: key, headers: { 'Analytics-Purpose': 'treatment' } }))).not.toContain('user-');
    for (const purpose of ['application', 'curiosity', 'research, treatment', '']) {
      const refused = await api.post('/v1/events/query', { type: 'user_action' }, { headers: { 'Analytics-Purpose': purpose } });
      expect([purpose, refused.status, await jsonOf(refused)]).toEqual([purpose, 400, expect.objectContaining({ code: 'VALIDATION_FAILED', issues: [expect.objectContaining({ path: 'purpose' })] })]);
    }
  });

  it('shows a clinician the panel of their key, and nobody to one who has only a token', async () => {
    const count = async (token?: string) => (await jsonOf(await api.post('/v1/events/count', { type: 'user_action' }, token === undefined ? { role: 'clinician' } : { token })))['count'];
    expect(await count(await api.apiKey({ roles: ['clinician'], purpose: 'treatment', panel: [person(1), person(2)] }))).toBe(4);
    expect(await count()).toBe(0);
  });

  it('is recorded with the address and the purpose, before it is answered', async () => {
    const subject = `reader-${Date.now()}`;
    await api.post('/v1/events/count', { type: 'user_action' }, { subject, headers: { 'Analytics-Purpose': 'treatment', 'X-Forwarded-For': '203.0.113.9' } });
    await api.post('/v1/events/count', { type: 'user_action' }, { role: 'auditor', subject });
    const records = (await api.records()).filter(({ actor }) => actor.subject === subject);
    const common = { operation: 'events.count', series: 'user_action' };
    // Nobody is believed who is not on the list of proxies.
    expect(records.map(({ outcome, purpose, origin, operation, series }) => ({ outcome, purpose, origin, operation, series })).toSorted((one) => (one.outcome === 'allowed' ? -1 : 1))).toEqual([
      { ...common, outcome: 'allowed', purpose: 'treatment', origin: '127.0.0.1' },
      { operation: 'events.count', series: 'user_action', outcome: 'denied', purpose: 'operations', origin: '127.0.0.1' },
    ]);
  });
});

describe('tracking', () => {
  it('takes what is sound of many and says of each what became of it', async () => {
    const response = await api.post('/v1/events', [{ type: 'page_view' }, { type: 'nothing_known' }, 7, { type: 'page_view', patient: 'Jane' }], { role: 'ingest' });
    expect([response.status, await jsonOf(response)]).toEqual([
      207,
      {
        results: [
          { ok: true, id: expect.any(String) },
          { ok: false, error: expect.objectContaining({ code: 'VALIDATION_FAILED', issues: [expect.objectContaining({ path: 'type' })] }) },
          { ok: false, error: expect.objectContaining({ code: 'VALIDATION_FAILED' }) },
          { ok: false, error: expect.objectContaining({ issues: [expect.objectContaining({ path: 'patient', given: 'an unknown field' })] }) },
        ],
      },
    ]);
    expect((await api.post('/v1/metrics', [{ name: 'x', value: 1 }, { name: 'x' }], { role: 'ingest' })).status).toBe(207);
  });

  it('refuses none and too many at once', async () => {
    for (const body of [[], Array.from({ length: 10_001 }, () => 0)]) expect([(await api.post('/v1/events', body)).status, body.length]).toEqual([400, body.length]);
  });

  it('stores once what is sent again under its id', async () => {
    const event = { id: 'again', type: 'error', properties: {} };
    for (let time = 0; time < 3; time += 1) expect((await api.post('/v1/events', event, { role: 'ingest' })).status).toBe(202);
    await api.service.processEvents();
    expect(await api.service.countEvents({ type: 'error' })).toBe(1);
  });

  it('is refused as a whole to whoever may not', async () => {
    for (const role of ['self', 'clinician', 'analyst', 'auditor', 'operator', 'viewer']) {
      const refused = await Promise.all([api.post('/v1/events', [{ type: 'page_view' }], { role }), api.post('/v1/metrics', { name: 'x', value: 1 }, { role })]);
      expect(refused.map(({ status }) => status)).toEqual([403, 403]);
      expect(await Promise.all(refused.map(jsonOf))).toEqual([expect.objectContaining({ code: 'FORBIDDEN', operation: 'events.track', reason: 'role' }), expect.objectContaining({ operation: 'metrics.track' })]);
    }
  });

  it('is put off with 503 and Retry-After while too much waits', async () => {
    const full = await startHttpFixture(server.url, { ANALYTICS_MAX_WAITING: '5' });
    let last: Response | undefined;
    const isBusy = await until(async () => {
      last = await full.post('/v1/events', Array.from({ length: 20 }, () => ({ type: 'page_view' })), { role: 'ingest' });
      return last.status === 503;
    });
    expect(isBusy).toBe(true);
    expect(await jsonOf(last!)).toMatchObject({ code: 'BUSY', reason: 'waiting', retryAfterMs: expect.any(Number) });
    expect(Number(last!.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    // What is urgent goes on longer; here too much waits for that as well.
    await full.close();
  });
});

describe('credentials', () => {
  it('say of a token that ended that it did, and of any other nothing', async () => {
    const ended = await api.post('/v1/events/count', {}, { token: await api.token('admin', 'somebody', -60) });
    expect([ended.status, ended.headers.get('www-authenticate'), (await jsonOf(ended))['reason']]).toEqual([401, 'Bearer realm="analytics", error="invalid_token"', 'expired']);
    const forged = await api.post('/v1/events/count', {}, { token: `${await api.token('admin')}x` });
    const problem = await jsonOf(forged);
    expect([forged.status, problem['reason'], Object.keys(problem).toSorted()]).toEqual([401, undefined, ['code', 'detail', 'requestId', 'status', 'title', 'type']]);
  });

  it('are taken from one header of one form alone', async () => {
    const token = await api.token('admin');
    for (const authorization of [`Basic ${token}`, token, 'Bearer', `Bearer ${token} ${token}`, `Bearer ${token}, Bearer ${token}`, 'Bearer ö']) {
      const { status } = await api.post('/v1/events/count', { type: 'user_action' }, { token: null, headers: { Authorization: Buffer.from(authorization).toString('latin1') } });
      expect([authorization, status]).toEqual([authorization, 400]);
    }
    const twice = await api.raw(`GET /v1/stats HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    expect(twice).toMatch(/^HTTP\/1.1 400 /);
    expect((await api.post('/v1/events/count', { type: 'user_action' }, { token: null, headers: { Cookie: `token=${token}`, 'X-Api-Key': token } })).status).toBe(401);
  });

  it('lock out an address after five that were refused, at every process, and let it in again only later', async () => {
    const locked = await startHttpFixture(server.url);
    const other = await startHttpFixture(server.url, { REDIS_PREFIX: locked.config.REDIS_PREFIX, ANALYTICS_ENCRYPTION_KEY: locked.config.ANALYTICS_ENCRYPTION_KEY!, ANALYTICS_TOKEN_SECRET: locked.config.ANALYTICS_TOKEN_SECRET! });
    const statuses: number[] = [];
    for (let time = 0; time < 7; time += 1) statuses.push((await [locked, other][time % 2]!.post('/v1/events/count', {}, { token: 'aak_0000000000000000_no' })).status);
    expect(statuses).toEqual([...Array.from({ length: 5 }, () => 401), 429, 429]);
    for (const fixture of [locked, other]) {
      const good = await fixture.post('/v1/events/count', { type: 'user_action' });
      expect([good.status, Number(good.headers.get('retry-after')) > 0, await jsonOf(good)]).toEqual([429, true, expect.objectContaining({ code: 'TOO_MANY_REQUESTS' })]);
    }
    // Nothing was guessed by whoever sends nothing; and it is the credentials that are counted, not what they may do.
    expect((await locked.post('/v1/events/count', {}, { token: null })).status).toBe(401);
    const refusals = (await locked.records()).filter(({ operation, outcome }) => operation === 'signin.service' && outcome === 'denied');
    // Each, and the lock.
    expect(refusals.map(({ origin }) => origin)).toEqual(Array.from({ length: 6 }, () => '127.0.0.1'));
    await Promise.all([locked.close(), other.close()]);
  });

  it('are counted by the address that a known proxy names', async () => {
    const proxied = await startHttpFixture(server.url, { ANALYTICS_HTTP_PROXIES: 'loopback' });
    const ask = async (address: string, token: string) => (await proxied.post('/v1/events/count', { type: 'user_action' }, { token, headers: { 'X-Forwarded-For': address } })).status;
    for (let time = 0; time < 6; time += 1) await ask(`2001:db8:0:1::${time}`, 'aak_0000000000000000_no');
    const good = await proxied.token('admin');
    expect([await ask('2001:db8:0:1:ffff::9', good), await ask('2001:db8:0:2::1', good), await ask('198.51.100.7', good)]).toEqual([429, 200, 200]);
    expect((await proxied.records()).some(({ origin }) => origin === '198.51.100.7')).toBe(true);
    await proxied.close();
  });

  it('that are revoked end what is asked for with them', async () => {
    const { key, info } = await api.apiKeys.create({ subject: 'program', roles: ['admin'], purpose: 'treatment' });
    const ask = async () => (await api.post('/v1/events/count', { type: 'user_action' }, { token: key })).status;
    expect(await ask()).toBe(200);
    await api.apiKeys.revoke(info.id);
    expect(await until(async () => (await ask()) === 401, 3000)).toBe(true);
  });
});

describe('answers', () => {
  it('carry an id that a caller may give, if it is one', async () => {
    const id = '0f8b6c1e-2d53-4c9b-9c7e-6f2d1b7a9a10';
    const given = await api.post('/v1/events/count', {}, { headers: { 'X-Request-Id': id } });
    expect([given.headers.get('x-request-id'), (await jsonOf(given))['requestId']]).toEqual([id, id]);
    const other = await api.post('/v1/events/count', {}, { headers: { 'X-Request-Id': 'patient Jane' } });
    expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('of errors are problem details, whatever the path', async () => {
    for (const [path, body] of [...Object.keys(bodies).map((name) => [name, { no: 'such' }] as const), ['/v1/nothing', {}] as const, ['/', {}] as const]) {
      const response = await api.post(path, body);
      expect([path, response.headers.get('content-type')]).toEqual([path, 'application/problem+json']);
      const problem = problemSchema.strict().parse(await response.json());
      expect([path, problem.status, problem.requestId]).toEqual([path, response.status, response.headers.get('x-request-id')]);
      expect(response.status).toBe(path === '/v1/nothing' || path === '/' ? 404 : 400);
    }
  });

  it('are nothing for pages of other origins', async () => {
    const ask = async (headers: Record<string, string>) => (await api.raw(`GET /v1/stats HTTP/1.1\r\nHost: api.example.org\r\nConnection: close\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)).split(' ')[1];
    expect(await ask({})).toBe('401');
    expect(await ask({ Origin: 'http://api.example.org' })).toBe('401');
    expect(await ask({ 'Sec-Fetch-Site': 'same-origin' })).toBe('401');
    for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }]) expect(await ask(headers as unknown as Record<string, string>)).toBe('403');
  });

  it('are for pages of origins that are on the list, and for hosts that are', async () => {
    const open = await startHttpFixture(server.url, { ANALYTICS_HTTP_ORIGINS: 'https://app.example.org', ANALYTICS_HTTP_HOSTS: 'API.example.org,127.0.0.1' });
    const preflight = await fetch(`${open.url}/v1/events/query`, { method: 'OPTIONS', headers: { Origin: 'https://app.example.org', 'Access-Control-Request-Method': 'POST' } });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin'), preflight.headers.get('access-control-allow-credentials')]).toEqual([204, 'https://app.example.org', null]);
    const asked = await open.post('/v1/events/count', { type: 'user_action' }, { headers: { Origin: 'https://app.example.org' } });
    expect([asked.status, asked.headers.get('access-control-allow-origin'), asked.headers.get('vary')]).toEqual([200, 'https://app.example.org', 'Origin']);
    const other = await open.post('/v1/events/count', { type: 'user_action' }, { headers: { Origin: 'https://evil.example' } });
    expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    const byHost = async (host: string) => (await open.raw(`GET /v1/stats HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).split(' ')[1];
    expect(await Promise.all(['api.example.org', 'API.example.org:8085', 'evil.example', 'api.example.org.evil.example', '', '[::1', 'a b'].map(byHost))).toEqual(['401', '401', '421', '421', '421', '421', '421']);
    await open.close();
  });
});
