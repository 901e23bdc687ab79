import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';

import { createHttpApi } from '../../src/http/createHttpApi.js';
import { sendStream } from '../../src/http/sendStream.js';
import type { LogFields } from '../../src/logging/fields.js';
import { AnalyticsService } from '../../src/lib/services/analytics/AnalyticsService.js';
import { until } from '../support/program.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { startHttpFixture } from './httpFixture.js';
import { people } from '../support/witness/people.js';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

/** `once` would throw of an answer that is cut off. */
const closed = async (response: IncomingMessage): Promise<void> => new Promise((resolve) => (response.destroyed ? resolve() : response.once('close', resolve)));

describe('a stream', () => {
  const LINE = `${'x'.repeat(1023)}\n`;

  /** A server whose one answer is this stream; real in all but where the lines come from. */
  async function serve(lines: AsyncGenerator<string, void, undefined>, stalledMs?: number) {
    const app = express();
    const ended: unknown[] = [];
    app.get('/', async (_request, response) => {
      await sendStream(response, lines, { contentType: 'text/plain', signal: new AbortController().signal, ...(stalledMs !== undefined && { stalledMs }) }).catch((error: unknown) => ended.push(error));
      ended.push('over');
    });
    const http = createServer(app).listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    const [response] = (await once(ask({ port, host: '127.0.0.1', agent: false }).on('error', () => undefined).end(), 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    return { response, ended, close: async () => new Promise((resolve) => http.close(resolve).closeAllConnections()) };
  }

  /** Lines without an end, counted, and whether somebody let go of them. */
  function endless() {
    const counts = { made: 0, isOver: false };
    const lines = (async function* () {
      try {
        for (;;) {
          counts.made += 1;
          yield LINE;
          if (counts.made % 64 === 0) await new Promise(setImmediate);
        }
      } finally {
        counts.isOver = true;
      }
    })();
    return { counts, lines };
  }

  it('makes no more than its client takes, and goes on when it reads again', async () => {
    const { counts, lines } = endless();
    const { response, close } = await serve(lines);
    let last = -1;
    // Nothing is read: what sockets hold fills up, and then it stands still.
    expect(await until(async () => {
      const before = last;
      last = counts.made;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return before === last;
    })).toBe(true);
    expect(counts.made).toBeLessThan(16_384);
    response.resume();
    expect(await until(() => counts.made > last + 5000)).toBe(true);
    response.destroy();
    expect(await until(() => counts.isOver)).toBe(true);
    await close();
  });

  it('lets go of a client that takes nothing', async () => {
    const { counts, lines } = endless();
    const { response, ended, close } = await serve(lines, 200);
    const gone = closed(response);
    expect(await until(() => counts.isOver && ended.includes('over'))).toBe(true);
    response.resume();
    await gone;
    expect(response.complete).toBe(false);
    await close();
  });

  it('that breaks is cut off, and does not look whole', async () => {
    const broken = (async function* () {
      for (let line = 0; line < 100; line += 1) yield LINE;
      throw new Error('in the middle');
    })();
    const { response, ended, close } = await serve(broken);
    response.resume();
    await closed(response);
    expect([response.complete, ended]).toEqual([false, [expect.objectContaining({ message: 'in the middle' }), 'over']]);
    await close();
  });

  it('ends when its credential is revoked', async () => {
    const api = await startHttpFixture(server.url, { ANALYTICS_BATCH_SIZE: '4096' }, { limits: { closeMs: 300 } });
    const properties = { text: 'x'.repeat(900) };
    // More than sockets hold, and of several pages.
    for (let round = 0; round < 2; round += 1) {
      await api.service.trackEvents(Array.from({ length: 3500 }, () => ({ type: 'custom' as const, properties })));
      expect(await until(async () => {
        await api.service.processEvents();
        return (await api.service.countEvents({ type: 'custom' })) === (round + 1) * 3500;
      })).toBe(true);
    }
    const { key, info } = await api.apiKeys.create({ subject: 'program', roles: ['admin'], purpose: 'operations' });
    const stream = async (token: string): Promise<IncomingMessage> => {
      const sent = ask(`${api.url}/v1/events/stream`, { method: 'POST', agent: false, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } });
      sent.on('error', () => undefined).end('{"type":"custom"}');
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return response.on('error', () => undefined);
    };
    const read = async (response: IncomingMessage) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data: string) => {
        text += data;
      });
      await closed(response);
      return { isWhole: response.complete, lines: text.split('\n').length - 1 };
    };
    const ending = await stream(key);
    expect(await read(await stream(key))).toEqual({ isWhole: true, lines: 7000 });
    await api.apiKeys.revoke(info.id);
    expect(await until(async () => (await api.post('/v1/events/count', { type: 'custom' }, { token: key })).status === 401, 5000)).toBe(true);
    const cut = await read(ending);
    expect([cut.isWhole, cut.lines < 7000]).toEqual([false, true]);

    // The end of the server cuts off what would take too long, and not before it has to.
    const left = await stream(await api.token('admin'));
    await api.close();
    expect((await read(left)).isWhole).toBe(false);
  }, 60_000);
});

describe('the end of the server', () => {
  it('answers what is under way, refuses what comes then, and takes no connection more', async () => {
    const api = await startHttpFixture(server.url, { ANALYTICS_DEADLINE_MS: '3000' });
    const headers = `Host: a\r\nAuthorization: Bearer ${await api.token('admin')}\r\nContent-Type: application/json\r\n`;
    const [busy, idle] = [api.connect(), api.connect()];
    const answers = new Map([busy, idle].map((socket) => [socket, '']));
    for (const socket of [busy, idle]) socket.on('data', (data) => answers.set(socket, answers.get(socket)! + data.toString('latin1'))).on('error', () => undefined);
    // Half of a request: it is under way.
    busy.write(`POST /v1/events/count HTTP/1.1\r\n${headers}Content-Length: 22\r\n\r\n{"type":`);
    idle.write(`GET /v1/stats HTTP/1.1\r\n${headers}\r\n`);
    expect(await until(() => answers.get(idle)!.includes('200'))).toBe(true);
    const closing = api.role.close();
    const refusing = once(idle, 'close');
    idle.write(`GET /v1/stats HTTP/1.1\r\n${headers}\r\n`);
    await refusing;
    const late = answers.get(idle)!.slice(answers.get(idle)!.lastIndexOf('HTTP/1.1'));
    // Node may hang up first on a connection on which nothing is under way; what is answered is refused.
    expect(late).toMatch(/^HTTP\/1\.1 (200|503)/);
    busy.write('"user_action"}');
    await closing;
    expect(answers.get(busy)).toMatch(/^HTTP\/1\.1 200/);
    await expect(fetch(`${api.url}/health/live`)).rejects.toThrow('fetch failed');
    await api.close();
  });
});

describe('without Redis', () => {
  it('is answered in time, says so, and goes on when it is back', async () => {
    const own = await startRedis();
    const api = await startHttpFixture(own.url, { ANALYTICS_DEADLINE_MS: '1500' });
    expect((await fetch(`${api.url}/health/ready`)).status).toBe(200);
    expect((await api.post('/v1/events/count', { type: 'user_action' })).status).toBe(200);
    await own.kill();
    expect(await until(async () => (await fetch(`${api.url}/health/ready`)).status === 503)).toBe(true);
    const begunAt = performance.now();
    const [read, tracked] = await Promise.all([api.post('/v1/events/count', { type: 'user_action' }), api.post('/v1/events', { type: 'user_action' })]);
    expect(performance.now() - begunAt).toBeLessThan(4000);
    for (const answer of [read, tracked]) expect([503, 504]).toContain(answer.status);
    expect((await fetch(`${api.url}/health/live`)).status).toBe(200);
    await own.restart();
    expect(await until(async () => (await api.post('/v1/events/count', { type: 'user_action' })).status === 200)).toBe(true);
    await api.close();
    await own.stop();
  });
});

describe('faults', () => {
  it('are told by an id to the log, and to the client by nothing else', async () => {
    const lines: [string, LogFields | undefined][] = [];
    const say = (sentence: string, fields?: LogFields): void => void lines.push([sentence, fields]);
    const api = await startHttpFixture(server.url, {}, { logger: { error: say, warn: say, info: () => undefined, debug: () => undefined } });
    // What is stored there is not ours: a fault of the store, which no client has to do with.
    await api.service.trackEvent({ type: 'user_action', userId: 'Jane' });
    await api.service.processEvents();
    await api.redis.set(api.keys.event('user_action').time, 'not what it was');
    const response = await api.post('/v1/events/query', { type: 'user_action' });
    const problem = (await response.json()) as { requestId: string; status: number };
    expect([response.status, Object.keys(problem)]).toEqual([expect.any(Number), expect.arrayContaining(['code', 'requestId'])]);
    expect(response.status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(problem)).not.toMatch(/WRONGTYPE|Jane|at .*\.js/);
    if (response.status === 500) expect(lines).toEqual([['A request failed', expect.objectContaining({ requestId: problem.requestId })]]);
    await api.close();
  });
});

describe('mounted in an application', () => {
  it('knows who is signed in there, keeps to the prefix, and leaves everything else alone', async () => {
    const service = new AnalyticsService({ redisUrl: server.url, redisPrefix: 'mounted:', encryptionKey: Buffer.alloc(32, 1).toString('base64'), deadlineMs: 20_000 });
    const faults: unknown[] = [];
    const app = express();
    app.use('/analytics', createHttpApi(service, {
      actorOf: ({ headers }) => (headers.cookie === 'sid=1' ? { subject: people.eve, roles: ['self', 'ingest'], purpose: 'subject-request' } : undefined),
      onError: (error) => faults.push(error),
    }));
    app.use('/late', express.json(), createHttpApi(service, { actorOf: () => ({ subject: people.eve, roles: ['self'], purpose: 'treatment' }), onError: (error) => faults.push(error) }));
    app.get('/', (_request, response) => void response.send('mine'));
    const http = app.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => fetch(url + path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) });
    const Cookie = 'sid=1';
    expect((await post('/analytics/v1/events', [{ type: 'custom', userId: people.eve }, { type: 'custom', userId: 'user-2' }], { Cookie })).status).toBe(202);
    await service.processEvents();
    expect(await (await post('/analytics/v1/events/count', { type: 'custom' }, { Cookie })).json()).toEqual({ count: 1 });
    expect((await post('/analytics/v1/events/count', { type: 'custom' })).status).toBe(401);
    // A page of another site cannot use the session.
    expect((await post('/analytics/v1/events/count', { type: 'custom' }, { Cookie, Origin: 'https://evil.example' })).status).toBe(403);
    expect([await (await fetch(url)).text(), (await fetch(`${url}/v1/stats`)).status]).toEqual(['mine', 404]);
    // Mounted behind something that reads bodies, it says so to whoever mounted it.
    expect((await post('/late/v1/events/count', { type: 'custom' })).status).toBe(500);
    expect(faults).toEqual([expect.objectContaining({ message: expect.stringContaining('before express.json()') })]);
    await new Promise((resolve) => http.close(resolve).closeAllConnections());

    // As a listener of node:http.
    const plain = createServer(createHttpApi(service)).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    expect((await fetch(`http://127.0.0.1:${(plain.address() as AddressInfo).port}/v1/openapi.json`)).status).toBe(200);
    await new Promise((resolve) => plain.close(resolve).closeAllConnections());
    await service.close();
  });
});
