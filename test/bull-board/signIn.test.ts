import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createApp } from '../../bull-board/createApp.js';
import { IDLE_MS } from '../../bull-board/Sessions.js';
import { StatsSource } from '../../bull-board/StatsSource.js';
import { LockOut } from '../../src/doors/LockOut.js';
import { createLogger } from '../../src/logging/createLogger.js';
import { eventTypes } from '../../src/contract/defineEventType.js';
import { createDeadLetters } from '../../src/deadletters/createDeadLetters.js';
import { collectStats } from '../../src/monitoring/collectStats.js';
import { createTokenVerifier } from '../../src/security/tokens.js';
import { openAccess } from '../support/access.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/program.js';
import { cookieOf, startBoardFixture, type BoardFixture } from './boardFixture.js';

let server: TestRedis;
let fixture: BoardFixture;

beforeAll(async () => {
  server = await startRedis();
  fixture = await startBoardFixture(server.url);
});
afterAll(async () => {
  await fixture.close();
  await server.stop();
});

const form = (token: string) => ({ body: new URLSearchParams({ token }) });

describe('signing in', () => {
  it('takes a token of a board role, and gives a cookie that scripts and other sites cannot use', async () => {
    const response = await fixture.ask('POST', '/sign-in', form(` ${await fixture.token('viewer')}\n`));
    expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
    expect(response.headers.get('set-cookie')).toMatch(/^analytics-board=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const page = await fixture.ask('GET', '/', { cookie: cookieOf(response), headers: { Accept: 'text/html' } });
    expect(await page.text()).toContain('<title>Analytics console</title>');
  });

  it('has a Secure __Host- cookie in production', async () => {
    const production = await startBoardFixture(server.url, { NODE_ENV: 'production', ANALYTICS_TLS_BY_PROXY: 'true', ANALYTICS_TOKEN_SECRET: 'x'.repeat(44) });
    const response = await production.ask('POST', '/sign-in', form(await production.token('viewer')));
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-analytics-board=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(response.headers.get('strict-transport-security')).toContain('max-age');
    await production.close();
  });

  it('refuses a token without a board role, a bad one, an expired one, and none, and says why without repeating it', async () => {
    const other = await startBoardFixture(server.url);
    const refused = [
      [await other.token(''), 403, 'none of its roles'],
      [await other.token('self'), 403, 'none of its roles'],
      ['<script>alert(1)</script>', 401, 'not valid'],
      [await other.token('admin', -600), 401, 'not valid'],
    ] as const;
    for (const [token, status, text] of refused) {
      const response = await other.ask('POST', '/sign-in', form(token));
      expect(response.status).toBe(status);
      const page = await response.text();
      expect(page).toContain(text);
      expect(page).not.toContain(token);
      expect(response.headers.get('set-cookie')).toBeNull();
    }
    expect((await other.ask('POST', '/sign-in', {})).status).toBe(401);
    await other.close();
  });

  it('is refused to whoever failed five times, at this board and at any other, and a board that is started anew', async () => {
    const one = await startBoardFixture(server.url);
    const another = async () => startBoardFixture(server.url, { REDIS_PREFIX: one.config.REDIS_PREFIX, ANALYTICS_DATA_DIR: one.config.ANALYTICS_DATA_DIR }, one.keyRing);
    const other = await another();
    for (let n = 0; n < 5; n += 1) expect((await (n < 3 ? one : other).ask('POST', '/sign-in', form('wrong'))).status).toBe(401);
    const third = await another();
    for (const board of [one, other, third]) {
      const response = await board.ask('POST', '/sign-in', form(await one.token('viewer')));
      expect(response.status).toBe(429);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await response.text()).toContain('Too many tries failed');
    }
    // Who is locked out of the board still reads its figures, which say that somebody is.
    const figures = async (): Promise<string> => (await fetch(`${third.url}/metrics`, { headers: { Authorization: `Bearer ${await one.token('viewer')}` } })).text();
    expect(await until(async () => /^analytics_sign_in_locked_out 1$/m.test(await figures()), 10_000)).toBe(true);
    for (const board of [third, other, one]) await board.close();
  });

  it('is refused when another site sends the form', async () => {
    const response = await fixture.ask('POST', '/sign-in', { ...form(await fixture.token('viewer')), headers: { Origin: 'https://evil.example' } });
    expect(response.status).toBe(403);
  });

  it('ends with signing out', async () => {
    const cookie = await fixture.signIn('viewer');
    expect((await fixture.ask('POST', '/sign-out', { cookie })).status).toBe(303);
    expect((await fixture.ask('GET', '/api/stats', { cookie })).status).toBe(401);
  });
});

describe('a session', () => {
  it('ends 15 minutes after somebody last did something, whatever pages fetch by themselves', async () => {
    let now = Date.now();
    const { config, keys, redis, queues, keyRing } = fixture;
    const deadLetters = createDeadLetters({ redis, keys, queues, keyRing, logger: createLogger(config, 'board') });
    const stats = new StatsSource(async () => collectStats({ config, keys, redis, queues }));
    const access = openAccess();
    const lockOut = new LockOut({ redis, keys, fingerprints: keyRing.reading!.fingerprints, door: 'board', operation: 'signin.board', gate: access.gate, logger: createLogger(config, 'board') });
    const app = createApp({ config, queues, redis, deadLetters, stats, ...access, lockOuts: { signIn: lockOut, metrics: lockOut }, factors: undefined, types: eventTypes, verifier: await createTokenVerifier(config), logger: createLogger(config, 'board'), now: () => now });
    const http = createServer(express().use(app)).listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const headers = { Accept: 'application/json', Origin: url };
    const signedIn = await fetch(`${url}/sign-in`, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams({ token: await fixture.token('viewer', 86_400) }) });
    const cookie = cookieOf(signedIn);
    const ask = async (method: string, path: string, more: Record<string, string> = {}) =>
      (await fetch(url + path, { method, redirect: 'manual', headers: { ...headers, ...more, Cookie: cookie } })).status;

    now += IDLE_MS - 1000;
    expect(await ask('GET', '/api/history')).toBe(200);
    expect(await ask('PUT', '/api/presence')).toBe(204);
    now += IDLE_MS - 1000;
    expect(await ask('GET', '/api/history')).toBe(200);
    now += 1000;
    expect(await ask('GET', '/api/history')).toBe(401);
    http.close();
    http.closeAllConnections();
  });

  it('ends when its token does', async () => {
    const token = await fixture.token('viewer', 2);
    const cookie = cookieOf(await fixture.ask('POST', '/sign-in', form(token)));
    expect((await fixture.ask('GET', '/api/history', { cookie })).status).toBe(200);
    const deadline = Date.now() + 10_000;
    while ((await fixture.ask('GET', '/api/history', { cookie })).status === 200) {
      if (Date.now() > deadline) throw new Error('The session did not end.');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
});

describe('every answer', () => {
  it('allows nothing from other hosts, no frames and no storing', async () => {
    const cookie = await fixture.signIn('operator');
    for (const path of ['/', '/sign-in', '/queues/', '/health/live', '/api/stats', '/nowhere']) {
      const { headers } = await fixture.ask('GET', path, { cookie });
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'self';img-src 'self' data:;object-src 'none';base-uri 'self';form-action 'self';frame-ancestors 'none'",
      );
      expect([path, headers.get('x-powered-by'), headers.get('x-content-type-options')]).toEqual([path, null, 'nosniff']);
      expect([path, headers.get('cache-control')]).toEqual([path, 'no-store']);
    }
  });

  it('has no foreign address and nothing inline in a page', async () => {
    const cookie = await fixture.signIn('viewer');
    for (const path of ['/', '/sign-in', '/queues/', '/queues/queue/events']) {
      const page = await (await fixture.ask('GET', path, { cookie, headers: { Accept: 'text/html' } })).text();
      expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
      expect(page).not.toMatch(/<style|style="|<script>|onclick=/);
    }
  });

  it('is a fixed code and an id when something fails', async () => {
    const cookie = await fixture.signIn('viewer');
    expect(await (await fixture.ask('GET', '/nowhere', { cookie })).json()).toEqual({ error: { code: 'NOT_FOUND', requestId: expect.any(String) } });
    const broken = await fixture.ask('PUT', '/queues/api/queues/events/promote', { cookie, headers: { 'Content-Type': 'application/json' }, body: '{"canary' });
    expect(await broken.text()).not.toContain('canary');
  });
});
