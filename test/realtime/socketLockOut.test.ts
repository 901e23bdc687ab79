import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { SignJWT } from 'jose';
import type { ClientOptions } from 'ws';

import { parseConfig } from '../../src/config/parseConfig.js';
import { LockOut } from '../../src/doors/LockOut.js';
import { ClientRegistry } from '../../src/realtime/ClientRegistry.js';
import { createFigures } from '../../src/realtime/RealtimeFigures.js';
import { SocketServer, type SocketServerOptions } from '../../src/realtime/SocketServer.js';
import { startBroadcasting } from '../../src/realtime/startBroadcasting.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { Fingerprints } from '../../src/security/Fingerprints.js';
import { createTokenVerifier, signToken } from '../../src/security/tokens.js';
import { openAccess } from '../support/access.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createTestStore } from './support/pipeline.js';
import { openSocket, until, type TestSocket } from './support/socket.js';

const secret = randomBytes(32).toString('base64');
const config = parseConfig({ ANALYTICS_TOKEN_SECRET: secret });
const keys = createKeys('analytics:');
const fingerprints = new Fingerprints(randomBytes(32));
const MINUTE_MS = 60_000;
/** Machines of this host: the whole of 127.0.0.0/8 is its own. */
const [HERE, ELSEWHERE] = ['127.0.0.1', '127.0.0.2'];

let redisServer: TestRedis;
let redis: Redis;
let now: number;
const cleanups: (() => Promise<unknown> | void)[] = [];
beforeAll(async () => {
  redisServer = await startRedis();
  redis = connect(redisServer.url, 'failFast', 'test', () => undefined);
});
beforeEach(async () => {
  await redis.flushall();
  now = 1_800_000_000_000;
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(async () => {
  redis.disconnect();
  await redisServer.stop();
});

/** One broadcaster's door. */
async function serve(options: Partial<SocketServerOptions> = {}, to = redis) {
  const access = openAccess();
  const { gate, revocations } = access;
  const registry = new ClientRegistry();
  const figures = createFigures(registry);
  const tokens = await createTokenVerifier(config);
  let looks = 0;
  const verifier = {
    verify: async (token: string) => {
      looks += 1;
      return tokens.verify(token);
    },
  };
  const logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
  const lockOut = new LockOut({ redis: to, keys, fingerprints, door: 'socket', operation: 'signin.socket', gate, logger, now: () => now });
  const server = new SocketServer({ host: '127.0.0.1', port: 0, registry, figures, broadcaster: { position: () => ({}) }, verifier, gate, revocations, lockOut, ...options, limits: { closeWithinMs: 500, ...options.limits } });
  const { port } = await server.listen();
  cleanups.push(async () => server.close());
  return { url: `ws://127.0.0.1:${port}`, registry, figures, lockOut, entries: access.entries, looks: () => looks };
}

async function open(url: string, from: string, options: ClientOptions = {}): Promise<TestSocket> {
  const socket = await openSocket(url, { localAddress: from, ...options });
  cleanups.push(() => socket.ws.terminate());
  return socket;
}

const tokenOf = async (subject: string, ttlSeconds = 600) => signToken(config, { subject, ttlSeconds });
const guess = async (): Promise<string> => new SignJWT({ sub: 'ada' }).setProtectedHeader({ alg: 'HS256' }).sign(randomBytes(32));

/** Tries to sign in. @returns the close code, or 'in', or the status before the upgrade */
async function attempt(url: string, token: string | undefined, from = HERE!, options: ClientOptions = {}): Promise<number | string> {
  let socket: TestSocket;
  try {
    socket = await open(url, from, options);
  } catch (error) {
    return /\b\d{3}\b/.exec(String(error))?.[0] ?? String(error);
  }
  socket.send({ type: 'authenticate', userId: 'ada', token });
  await until(() => socket.messages.length > 0);
  return socket.messages[0]!.type === 'authenticated' ? 'in' : (await socket.closed).code;
}

async function attempts(count: number, work: () => Promise<number | string>): Promise<(number | string)[]> {
  const results: (number | string)[] = [];
  for (let n = 0; n < count; n += 1) results.push(await work());
  return results;
}

describe('bad tokens at sockets', () => {
  it('lock out their address before the upgrade, at every server together, and nobody of another address', async () => {
    const [one, other] = [await serve(), await serve()];
    const early = await open(one.url, HERE!);
    early.send({ type: 'authenticate', userId: 'ada', token: await tokenOf('ada') });
    await until(() => early.messages.length === 1);
    expect(await attempts(3, async () => attempt(one.url, await guess()))).toEqual([4401, 4401, 4401]);
    expect(await attempts(2, async () => attempt(other.url, await guess()))).toEqual([4401, 4401]);
    const looks = [one.looks(), other.looks()];
    // A good one is not looked at either, nor is it told from a bad one.
    for (const { url } of [one, other]) expect([await attempt(url, await tokenOf('ada')), await attempt(url, await guess())]).toEqual(['429', '429']);
    expect([one.looks(), other.looks()]).toEqual(looks);
    expect(await attempt(one.url, await tokenOf('ada'), ELSEWHERE)).toBe('in');
    // Whoever is in stays so, with a new token too.
    early.send({ type: 'authenticate', userId: 'ada', token: await tokenOf('ada') });
    await until(() => early.messages.length === 2);
    expect(early.messages[1]!.type).toBe('authenticated');
    expect([other.figures.refusedConnections, one.lockOut.figures.signInFailures, other.lockOut.figures]).toEqual([2, 3, { signInFailures: 2, signInLocks: 1 }]);
    expect(other.entries.filter(({ reason }) => reason?.startsWith('locked out'))).toEqual([expect.objectContaining({ operation: 'signin.socket', outcome: 'denied', origin: HERE, reason: 'locked out: address, 60 s' })]);
    now += MINUTE_MS;
    expect(await attempt(one.url, await tokenOf('ada'))).toBe('in');
  });

  it('say before the upgrade for how long, and nothing else', async () => {
    const { url } = await serve();
    await attempts(5, async () => attempt(url, await guess()));
    now += 20_500;
    const answer = await new Promise<{ status: number | undefined; headers: object }>((resolve) => {
      void openSocket(url, {
        finishRequest: (request) => {
          request.on('response', ({ statusCode, headers }) => resolve({ status: statusCode, headers }));
          request.end();
        },
      }).catch(() => undefined);
    });
    expect(answer).toEqual({ status: 429, headers: { connection: 'close', 'content-length': '0', 'retry-after': '40' } });
  });

  it('lock out sockets that were opened before and have not signed in: what they send is not looked at', async () => {
    const { url, looks, registry } = await serve();
    const waiting = [await open(url, HERE!), await open(url, HERE!)];
    await attempts(5, async () => attempt(url, await guess()));
    const token = await tokenOf('ada');
    for (const socket of waiting) {
      socket.send({ type: 'authenticate', userId: 'ada', token });
      expect(await socket.closed).toEqual({ code: 4423, reason: 'locked out' });
      expect(socket.messages).toEqual([{ type: 'error', code: 'rate_limited', message: expect.stringMatching(/^Several credentials of this address were refused/) }]);
    }
    expect([looks(), registry.size]).toEqual([5, 0]);
  });

  it('are not those that ran out, are of somebody else or are not there: a clinic whose browsers wake up is let in', async () => {
    const { url, lockOut } = await serve();
    expect(new Set(await attempts(8, async () => attempt(url, await tokenOf('ada', -60))))).toEqual(new Set([4410]));
    expect(new Set(await attempts(8, async () => attempt(url, await tokenOf('bob'))))).toEqual(new Set([4403]));
    expect(new Set(await attempts(8, async () => attempt(url, undefined)))).toEqual(new Set([4401]));
    expect(lockOut.figures.signInFailures).toBe(0);
    expect(await attempt(url, await tokenOf('ada'))).toBe('in');
  });

  it('are counted by each server for itself while Redis is away, which lets in and keeps out nobody else', async () => {
    const away = connect('redis://127.0.0.1:1', 'failFast', 'test', () => undefined);
    cleanups.push(() => away.disconnect());
    const { url } = await serve({}, away);
    await attempts(5, async () => attempt(url, await guess()));
    expect([await attempt(url, await tokenOf('ada')), await attempt(url, await tokenOf('ada'), ELSEWHERE)]).toEqual(['429', 'in']);
  }, 30_000);

  it('take the place of one that has not signed in while Redis is asked', async () => {
    let answer: (ms: number) => void = () => undefined;
    const asked = new Promise<number>((resolve) => (answer = resolve));
    const { url, figures } = await serve({ lockOut: { lockedFor: async () => asked, failed: async () => Promise.resolve(0) }, limits: { unauthenticated: 2 } });
    const slow = [open(url, HERE!), open(url, HERE!)];
    await until(async () => (await attempt(url, 'nothing', ELSEWHERE)) === '503');
    answer(0);
    await Promise.all(slow);
    expect(figures.connections).toBe(2);
  });
});

describe('the role broadcasting', () => {
  const start = async (env: Record<string, string>) => {
    const store = await createTestStore(redisServer.url);
    const said: string[] = [];
    const note = (sentence: string): void => void said.push(sentence);
    const role = await startBroadcasting({
      config: parseConfig({ REDIS_URL: redisServer.url, ANALYTICS_WS_PORT: '0', ANALYTICS_TOKEN_SECRET: secret, ANALYTICS_ALLOW_BARE_AUTH: 'false', ...env }),
      logger: { error: note, warn: note, info: note, debug: () => undefined },
      keys: store.keys,
      keyRing: store.keyRing,
    });
    cleanups.push(async () => {
      await role.close();
      store.close();
    });
    return { url: `ws://127.0.0.1:${role.port}`, said };
  };
  const behind = (address: string): ClientOptions => ({ headers: { 'X-Forwarded-For': address } });

  it('counts by the clients of a proxy that it knows, and one of nobody’s where it knows none', async () => {
    const known = await start({ ANALYTICS_HTTP_PROXIES: 'loopback' });
    await attempts(5, async () => attempt(known.url, await guess(), HERE, behind('203.0.113.7')));
    expect([await attempt(known.url, await tokenOf('ada'), HERE, behind('203.0.113.7')), await attempt(known.url, await tokenOf('ada'), HERE, behind('203.0.113.8'))]).toEqual(['429', 'in']);
    expect(known.said.filter((sentence) => sentence.startsWith('ALARM'))).toHaveLength(1);

    const direct = await start({});
    // Nobody is believed there: they would have another address for each try.
    let n = 0;
    await attempts(5, async () => attempt(direct.url, await guess(), ELSEWHERE, behind(`203.0.113.${(n += 1)}`)));
    expect(await attempt(direct.url, await tokenOf('ada'), ELSEWHERE, behind('203.0.113.99'))).toBe('429');

    const blind = await start({ ANALYTICS_TLS_BY_PROXY: 'true' });
    await attempts(6, async () => attempt(blind.url, await guess(), '127.0.0.3'));
    expect(await attempt(blind.url, await tokenOf('ada'), '127.0.0.3')).toBe('in');
    expect(blind.said.join()).toContain('ANALYTICS_HTTP_PROXIES');
  }, 30_000);
});
