import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appRoutes } from '@bull-board/api/dist/routes.js';

import { startRedis, type TestRedis } from '../support/redis.js';
import { CANARY, plantCanaries, startBoardFixture, type BoardFixture } from './boardFixture.js';

let server: TestRedis;
let fixture: BoardFixture;
let viewer: string;
let operator: string;
let failedId: string;

beforeAll(async () => {
  server = await startRedis();
  fixture = await startBoardFixture(server.url);
  failedId = await plantCanaries(fixture);
  [viewer, operator] = await Promise.all([fixture.signIn('viewer'), fixture.signIn('operator')]);
});
afterAll(async () => {
  await fixture.close();
  await server.stop();
});

/** What an operator may do, and no more. */
const changes = [
  'put /api/queues/:queueName/retry/:queueStatus',
  'put /api/queues/:queueName/promote',
  'put /api/queues/:queueName/:jobId/retry',
  'put /api/queues/:queueName/:jobId/promote',
];
const hidden = ['get /api/redis/stats'];

interface Route {
  readonly name: string;
  readonly method: string;
  readonly path: string;
}

/** Every route of the installed Bull Board: one that a new version adds is asked too. */
const routes: Route[] = [...appRoutes.api, appRoutes.entryPoint].flatMap(({ method, route }) =>
  [method].flat().flatMap((verb) => [route].flat().map((path) => ({ name: `${verb} ${path}`, method: verb.toUpperCase(), path }))),
);

function pathOf({ path }: Route, jobId = failedId): string {
  const filled = path
    .replace(':queueName', 'events')
    .replace(':jobId', jobId)
    .replace(':queueStatus', 'failed')
    .replace(':schedulerId', 'cleanup');
  return `/queues${filled}`;
}

/** Bodies that these routes would take. */
const body = JSON.stringify({ name: 'batch', data: {}, options: {}, jobData: {}, delay: 1, priority: 1, concurrency: 1, every: 1000, max: 1, duration: 1 });
const json = { 'Content-Type': 'application/json' };

async function ask(route: Route, cookie: string | undefined, headers: Record<string, string> = {}): Promise<Response> {
  const change = route.method !== 'GET';
  return fixture.ask(route.method, pathOf(route), {
    headers: { ...(change ? json : {}), ...headers },
    ...(cookie === undefined ? {} : { cookie }),
    ...(change ? { body } : {}),
  });
}

const counts = async () => fixture.queues.events.getJobCounts();

describe('every route of Bull Board', () => {
  it('is known to this test', () => {
    expect(routes.length).toBeGreaterThan(30);
    expect(routes.map(({ name }) => name)).toEqual(expect.arrayContaining([...changes, ...hidden]));
  });

  it('says nothing without a session', async () => {
    for (const route of routes) {
      const response = await ask(route, undefined);
      expect([route.name, response.status]).toEqual([route.name, 401]);
      expect(await response.json()).toEqual({ error: { code: 'UNAUTHENTICATED', requestId: expect.any(String) } });
    }
    expect((await fixture.ask('GET', '/queues/', { headers: { Accept: 'text/html' } })).headers.get('location')).toBe('/sign-in');
  });

  it('lets a viewer read and change nothing', async () => {
    const before = await counts();
    for (const route of routes) {
      const response = await ask(route, viewer);
      const expected = route.method === 'GET' && !hidden.includes(route.name) ? 200 : 403;
      expect([route.name, response.status]).toEqual([route.name, expected]);
    }
    expect(await counts()).toEqual(before);
  });

  it('is refused to another site, whoever is signed in', async () => {
    const before = await counts();
    const foreign: Record<string, string>[] = [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: fixture.url, 'Sec-Fetch-Site': 'cross-site' },
      { Origin: fixture.url.replace('127.0.0.1', 'localhost') },
    ];
    for (const route of routes.filter(({ method }) => method !== 'GET')) {
      for (const headers of foreign) {
        const response = await ask(route, operator, headers);
        expect([route.name, headers, response.status]).toEqual([route.name, headers, 403]);
        expect(await response.json()).toMatchObject({ error: { code: 'CROSS_ORIGIN' } });
      }
    }
    expect(await counts()).toEqual(before);
  });

  it('lets an operator retry and promote jobs, and add, edit, schedule or remove none: dead letters are dropped with a reason, on their own page', async () => {
    for (const route of routes.filter(({ name, method }) => method !== 'GET' && !changes.includes(name))) {
      const response = await ask(route, operator);
      expect([route.name, response.status]).toEqual([route.name, 403]);
    }
    const put = async (path: string) => (await fixture.ask('PUT', `/queues/api/queues/events/${path}`, { cookie: operator, headers: json, body: '{}' })).status;
    await fixture.redis.hset(fixture.queues.events.toKey(failedId), 'stc', 51);
    expect(await put('clean/failed')).toBe(403);
    expect(await put('clean/wait')).toBe(403);
    expect(await put('clean/active')).toBe(403);
    expect(await put('clean/delayed')).toBe(403);
    const [delayed] = await fixture.queues.events.getDelayed();
    expect(await put(`${delayed!.id}/promote`)).toBe(204);
    expect(await put(`${failedId}/retry`)).toBe(204);
    expect(await fixture.queues.events.getJobCounts('failed', 'delayed')).toEqual({ failed: 0, delayed: 0 });
    expect(await fixture.queues.events.getJob(failedId)).toMatchObject({ attemptsMade: 0, attemptsStarted: 0, stalledCounter: 0 });
    expect(await put(`${failedId}/clean`)).toBe(403);
    expect(await fixture.queues.events.getJob(failedId)).toBeDefined();
  });
});

describe('what the board says', () => {
  it('never holds what a job holds', async () => {
    const other = await startBoardFixture(server.url);
    try {
      const id = await plantCanaries(other);
      const planted = await other.redis.hgetall(`${other.keys.eventQueuePrefix}:queue:${id}`);
      expect(JSON.stringify(planted)).toContain(CANARY);
      const ids = (await other.queues.events.getJobs()).map((job) => job.id!);
      expect(ids).toContain(CANARY);
      const cookies = await Promise.all(['viewer', 'operator', 'admin'].map(async (role) => other.signIn(role)));
      for (const cookie of cookies) {
        for (const route of routes.filter(({ method }) => method === 'GET')) {
          for (const jobId of ids) {
            for (const query of ['', '?activeQueue=events&status=latest', '?activeQueue=events&status=failed', '?activeQueue=events&status=completed']) {
              const response = await other.ask('GET', pathOf(route, jobId) + query, { cookie });
              const text = await response.text();
              expect(`${route.name} ${text} ${JSON.stringify([...response.headers])}`).not.toContain(CANARY);
            }
          }
        }
        for (const path of ['/', '/api/stats', '/api/history', '/health/ready']) expect(await (await other.ask('GET', path, { cookie })).text()).not.toContain(CANARY);
      }
      // Refusals and faults of the changing routes too.
      for (const route of routes.filter(({ method }) => method !== 'GET')) {
        const response = await other.ask(route.method, pathOf(route, CANARY), { cookie: cookies[1]!, headers: json, body: '{}' });
        expect(await response.text()).not.toContain(CANARY);
      }
    } finally {
      await other.close();
    }
  });

  it('shows of a job its times, counts, known names and the code that it failed with', async () => {
    const other = await startBoardFixture(server.url);
    try {
      const id = await plantCanaries(other);
      const cookie = await other.signIn('viewer');
      const response = await other.ask('GET', `/queues/api/queues/events/${id}`, { cookie });
      expect(await response.json()).toEqual({
        status: 'failed',
        job: expect.objectContaining({ id, name: 'batch', attempts: 1, isFailed: true, failedReason: 'FAILED', data: { items: 7, sealedBytes: 3 }, stacktrace: [], returnValue: null, progress: 0 }),
      });
      const list = await other.ask('GET', '/queues/api/queues?activeQueue=events&status=completed', { cookie });
      const { queues } = (await list.json()) as { queues: { name: string; jobs: { name: string }[]; readOnlyMode: boolean }[] };
      expect(queues.map(({ name }) => name)).toEqual(['events', 'metrics', 'maintenance']);
      expect(queues[0]).toMatchObject({ readOnlyMode: true, jobs: [{ name: '(unknown)' }] });
    } finally {
      await other.close();
    }
  });
});
