import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { newEmergencySecret } from '../../../src/access/emergency/Emergencies.js';
import { createQueue } from '../../../queues/createQueue.js';
import { queuePlaces } from '../../../queues/names.js';
import { EventPriority, EventType } from '../../../src/lib/services/analytics/AnalyticsService.js';
import { createKeys } from '../../../src/redis/keys.js';
import { cookieOf } from '../../bull-board/boardFixture.js';
import { openSocket, signIn } from '../../realtime/support/socket.js';
import { runProgram, until, type RunningProgram } from '../../support/program.js';
import { totpOf } from '../../support/totp.js';
import { openAclScene, type AclScene } from './AclScene.js';
import { people } from '../../support/witness/people.js';

const HOUR_MS = 3_600_000;

let scene: AclScene;
beforeAll(async () => {
  scene = await openAclScene();
}, 60_000);
afterAll(async () => scene?.close());

describe('each process as its own user of Redis', () => {
  it('does all of its work, and asks for nothing that it may not do', async () => {
    const programs = [scene.start('processing', 'worker'), scene.start('broadcasting', 'broadcaster'), scene.start('scheduling', 'scheduler'), scene.start('board', 'board'), scene.start('http', 'http')];
    await Promise.all(programs.map(async (program) => started(program)));
    const { secret, hash } = newEmergencySecret();
    process.env['ANALYTICS_EMERGENCY_HASH'] = hash;
    const [producer, reader] = [scene.service('producer'), scene.service('reader')];
    delete process.env['ANALYTICS_EMERGENCY_HASH'];
    const socket = await signIn(scene.socketUrl, people.eve, await scene.token(people.eve));
    const stranger = await openSocket(scene.socketUrl);
    stranger.send({ type: 'authenticate', userId: people.eve, token: 'no token' });
    expect((await stranger.closed).code).toBe(4401);
    expect(await scene.admin.exists('analytics:lockout:failures')).toBe(1);

    const past = Date.now() - 3 * HOUR_MS;
    for (let round = 0; round < 8; round += 1) {
      await producer.trackEvents([
        { type: EventType.PAGE_VIEW, userId: people.eve, sessionId: 's', id: `own-${round}`, timestamp: past + round, properties: { page: '/a' } },
        { type: EventType.USER_ACTION, userId: 'user-2', properties: { action: 'click' } },
      ]);
      await producer.trackMetric({ name: 'cpu', value: round, tags: { host: 'a' }, timestamp: past + round });
    }
    await producer.trackEvent({ type: EventType.PAGE_VIEW, userId: people.eve, id: 'own-1', priority: EventPriority.CRITICAL, properties: {} });
    const period = { startTime: past - HOUR_MS, endTime: Date.now() + HOUR_MS };
    const areStored = await until(async () => (await reader.getEvents({ type: EventType.PAGE_VIEW, userId: people.eve })).length === 8, 30_000);
    expect([areStored, await refused()]).toEqual([true, []]);
    expect(await until(async () => (await reader.getMetrics({ name: 'cpu', ...period })).length === 8, 30_000)).toBe(true);
    expect(await until(() => socket.eventIds().length === 8, 30_000)).toBe(true);

    // Merged, cleaned up and rolled up, and read again.
    const isMerged = async () => (await scene.admin.hkeys('analytics:events:counts:page_view')).some((field) => field.startsWith('m')) && (await scene.admin.exists('analytics:metrics:tier:cpu:1m')) === 1;
    expect([await until(isMerged, 20_000), await refused()]).toEqual([true, []]);
    expect(await reader.getEvents({ type: EventType.PAGE_VIEW, ...period })).toHaveLength(8);
    expect(await reader.getEvent('own-3', { type: EventType.PAGE_VIEW })).toMatchObject({ id: 'own-3' });
    expect(await reader.countEvents({ type: EventType.PAGE_VIEW, ...period })).toBe(8);
    await reader.countEventsBy({ type: EventType.PAGE_VIEW, interval: 'hour', ...period });
    await reader.countUsers({ type: EventType.PAGE_VIEW, period: 'day', ...period });
    await reader.aggregateMetrics({ name: 'cpu', interval: '1m', aggregations: ['sum', 'p50'], ...period });
    await reader.listMetrics();
    await reader.listTags({ name: 'cpu' });
    const access = await reader.emergency({ subject: 'dr-7', patients: [people.eve], reason: 'Unconscious in the emergency room.', secret });
    expect(await access.countEvents({ type: EventType.PAGE_VIEW, ...period })).toBe(8);
    await access.end();
    expect((await reader.getStats()).queue).not.toBeNull();
    await lookAndDecideAtTheBoard();
    await askOverHttp();

    socket.ws.terminate();
    for (const program of programs) program.signalGroup('SIGTERM');
    expect(await Promise.all(programs.map(async (program) => program.ended()))).toEqual([0, 0, 0, 0, 0]);
    expect(await refused()).toEqual([]);
  }, 120_000);

  it('runs with four roles in one process as well', async () => {
    const program = scene.start('processing,scheduling,broadcasting,http', 'combined');
    await started(program, /"?role"?[=:]"?scheduling/);
    const application = scene.service('application');
    const id = await application.trackEvent({ type: EventType.CUSTOM, userId: people.eve });
    expect(await until(async () => (await application.getEvents({ type: EventType.CUSTOM })).some((event) => event.id === id), 30_000)).toBe(true);
    await askOverHttp();
    program.signalGroup('SIGTERM');
    expect(await program.ended()).toBe(0);
    expect(await refused()).toEqual([]);
  }, 90_000);
});

async function askOverHttp(): Promise<void> {
  const authorization = `Bearer ${await scene.token('root', ['admin'])}`;
  const ask = async (path: string, body: object) => (await fetch(scene.apiUrl + path, { method: 'POST', headers: { Authorization: authorization, 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).status;
  expect(await ask('/v1/events', { type: EventType.ERROR, properties: {} })).toBe(202);
  expect(await ask('/v1/metrics', { name: 'cpu', value: 1 })).toBe(202);
  const reads = { '/v1/events/query': { type: EventType.PAGE_VIEW }, '/v1/events/get': { id: 'own-3' }, '/v1/users/count': { period: 'day' }, '/v1/metrics/query': { name: 'cpu' }, '/v1/metrics/names': {}, '/v1/events/stream': { type: EventType.PAGE_VIEW } };
  for (const [path, body] of Object.entries(reads)) expect([path, await ask(path, body)]).toEqual([path, path === '/v1/events/get' ? expect.any(Number) : 200]);
  const stats = await fetch(`${scene.apiUrl}/v1/stats`, { headers: { Authorization: authorization } });
  expect([stats.status, (await fetch(`${scene.apiUrl}/health/ready`)).status]).toEqual([200, 200]);
}

/**
 * What was refused, but for what is asked for and done without: the folder of Redis, at a start; connections of workers, on
 * Bull Board; and from Redis 7.2 on the name of the client's library.
 */
async function refused(): Promise<string[]> {
  return (await scene.refused()).filter((line) => !/config\|get|client\|(list|setinfo)/.test(line));
}

/** What a start fails for is what Redis refused: whoever added a command or a key finds it named here. */
async function started(program: RunningProgram, said: string | RegExp = 'Started.'): Promise<void> {
  await program.waitFor(said, 50_000).catch(async (error: Error) => {
    throw new Error(`${error.message}\nRefused: ${(await refused()).join('\n')}`, { cause: error });
  });
}

/** Of the form that ids of jobs have: the board knows no others. */
const DELAYED = '01a21908-7ca9-7000-a212-df3a5c29d24f';

async function lookAndDecideAtTheBoard(): Promise<void> {
  const queue = createQueue(queuePlaces(createKeys('analytics:')).events, scene.admin);
  for (let place = 0; place < 3; place += 1) await queue.add('batch', { v: 1, junk: place } as never, { attempts: 1 });
  await queue.add('batch', { v: 1 } as never, { delay: HOUR_MS, jobId: DELAYED });
  expect(await until(async () => (await queue.getFailedCount()) === 3)).toBe(true);

  const { boardUrl: url } = scene;
  // Counted, and locked out, with the rights of a board.
  for (let n = 0; n < 6; n += 1) await fetch(`${url}/metrics`, { headers: { Authorization: 'Bearer guessed' } });
  expect([await scene.admin.zcard('analytics:lockout:locked'), (await fetch(`${url}/metrics`)).status]).toEqual([1, 429]);
  // The keeper enrols somebody, and the board takes their code.
  const enroll = runProgram(['dist/src/cli/main.js', 'mfa', 'enroll', 'op', '--no-qr'], scene.environment('keeper'));
  expect(await enroll.ended(60_000)).toBe(0);
  const post = async (path: string, fields: Record<string, string>, cookie = '') => fetch(url + path, { method: 'POST', redirect: 'manual', headers: { Origin: url, Cookie: cookie }, body: new URLSearchParams(fields) });
  const half = await post('/sign-in', { token: await scene.token('op', ['admin']) });
  const whole = await post('/sign-in/code', { code: totpOf(/secret=([A-Z2-7]+)/.exec(enroll.output())![1]!, Date.now()) }, cookieOf(half));
  const headers = { Cookie: whole.headers.getSetCookie().find((cookie) => cookie.startsWith('analytics-board='))!.split(';')[0]!, Origin: url, Accept: 'application/json', 'Content-Type': 'application/json' };
  const ask = async (method: string, path: string, body?: object) => fetch(url + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const states = ['latest', 'waiting', 'active', 'completed', 'failed', 'delayed', 'prioritized', 'paused'].map((state) => `/queues/api/queues?activeQueue=events&status=${state}&page=1`);
  for (const path of ['/', '/api/stats', '/api/history', '/api/dead-letters', '/api/dead-letters/counts', '/health/ready', ...states]) expect([path, (await ask('GET', path)).status]).toEqual([path, 200]);
  const { deadLetters } = (await (await ask('GET', '/api/dead-letters')).json()) as { deadLetters: { id: string }[] };
  const [first, second] = deadLetters.map(({ id }) => id);
  await ask('POST', '/api/dead-letters/open', { id: first });
  const statuses = [
    await ask('POST', '/api/dead-letters/retry', { selection: first }),
    await ask('POST', '/api/dead-letters/drop', { selection: second, reason: 'junk' }),
    await ask('POST', '/api/dead-letters/drop', { selection: { all: true }, reason: 'junk' }),
    await ask('PUT', `/queues/api/queues/events/${DELAYED}/promote`),
  ].map(({ status }) => status);
  expect(statuses).toEqual([200, 200, 200, 204]);
  await queue.close();
}
