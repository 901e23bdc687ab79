import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';

import { SignJWT } from 'jose';
import { WebSocket } from 'ws';

import { parseConfig } from '../../src/config/parseConfig.js';
import { ClientRegistry } from '../../src/realtime/ClientRegistry.js';
import { createFigures, type RealtimeFigures } from '../../src/realtime/RealtimeFigures.js';
import { SocketServer, type SocketServerOptions } from '../../src/realtime/SocketServer.js';
import { createTokenVerifier, signToken } from '../../src/security/tokens.js';
import { openAccess } from '../support/access.js';
import { openSocket, until, type TestSocket } from './support/socket.js';
import { people } from '../support/witness/people.js';

const secret = randomBytes(32).toString('base64');
const config = parseConfig({ ANALYTICS_TOKEN_SECRET: secret });
const position = { user_action: { epoch: 'ab', offset: 7 } };

interface Served {
  readonly url: string;
  readonly port: number;
  readonly registry: ClientRegistry;
  readonly figures: RealtimeFigures;
  readonly server: SocketServer;
}

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: Partial<SocketServerOptions> = {}): Promise<Served> {
  const registry = new ClientRegistry();
  const figures = createFigures(registry);
  const { gate, revocations } = openAccess();
  const server = new SocketServer({
    gate, revocations, lockOut: undefined,
    host: '127.0.0.1', port: 0, registry, figures, broadcaster: { position: () => position }, verifier: await createTokenVerifier(config), ...options,
    limits: { closeWithinMs: 500, ...options.limits },
  });
  const { port } = await server.listen();
  cleanups.push(async () => server.close());
  return { url: `ws://127.0.0.1:${port}`, port, registry, figures, server };
}

async function open(url: string, options: Parameters<typeof openSocket>[1] = {}): Promise<TestSocket> {
  const socket = await openSocket(url, options);
  cleanups.push(() => socket.ws.terminate());
  return socket;
}

const tokenOf = async (subject: string, ttlSeconds = 60) => signToken(config, { subject, ttlSeconds });

describe('SocketServer', () => {
  it('signs a user in with a token, and says where the events begin', async () => {
    const { url, registry, figures } = await serve();
    const socket = await open(url);
    socket.send({ type: 'authenticate', userId: people.ada, token: await tokenOf(people.ada) });
    await until(() => socket.messages.length > 0);
    expect(socket.messages).toEqual([{ type: 'authenticated', userId: people.ada, position }]);
    expect(registry.clientsOf(people.ada)?.size).toBe(1);
    expect(figures).toMatchObject({ connections: 1, clients: 1, users: 1, authenticationFailures: 0, errors: 0 });
    await socket.close();
    await until(() => figures.connections === 0);
    expect(figures).toMatchObject({ clients: 0, users: 0 });
  });

  it.each<[string, () => Promise<object>, string, number, string]>([
    ['has no token', async () => ({}), 'unauthenticated', 4401, 'unauthenticated'],
    ['has a token that is none', async () => ({ token: 'nonsense' }), 'unauthenticated', 4401, 'unauthenticated'],
    ['has a token of another secret', async () => ({ token: await new SignJWT({ sub: people.ada }).setProtectedHeader({ alg: 'HS256' }).sign(randomBytes(32)) }), 'unauthenticated', 4401, 'unauthenticated'],
    ['has a token that expired', async () => ({ token: await tokenOf(people.ada, -60) }), 'expired', 4410, 'token expired'],
    ["has another user's token", async () => ({ token: await tokenOf(people.bob) }), 'forbidden', 4403, 'forbidden'],
  ])('refuses and closes a socket that %s', async (_, credentials, errorCode, closeCode, reason) => {
    const { url, registry, figures } = await serve();
    const socket = await open(url);
    const given = await credentials();
    socket.send({ type: 'authenticate', userId: people.ada, ...given });
    expect(await socket.closed).toEqual({ code: closeCode, reason });
    expect(socket.messages).toEqual([{ type: 'error', code: errorCode, message: expect.any(String) }]);
    expect(JSON.stringify(socket.messages)).not.toContain(people.ada);
    expect(registry.size).toBe(0);
    expect(figures).toMatchObject({ authenticationFailures: 1 });
  });

  it('closes a socket on which nobody signs in in time, 5 s by default', async () => {
    const { url, figures } = await serve();
    const started = performance.now();
    const socket = await open(url);
    expect(await socket.closed).toEqual({ code: 4401, reason: 'unauthenticated' });
    expect(performance.now() - started).toBeGreaterThan(4900);
    expect(performance.now() - started).toBeLessThan(6000);
    expect(figures.authenticationFailures).toBe(1);
  });

  it('does not let pings, or a refused attempt, put off the time to sign in', async () => {
    const { url } = await serve({ limits: { authenticateWithinMs: 300 } });
    const socket = await open(url);
    const pinging = setInterval(() => socket.ws.ping(), 20);
    expect((await socket.closed).code).toBe(4401);
    clearInterval(pinging);
  });

  it.each<[string, string | Buffer]>([
    ['no JSON', '{"type":'],
    ['nothing', ''],
    ['a number', '1'],
    ['null', 'null'],
    ['a list', '[{"type":"authenticate","userId":"ada"}]'],
    ['no type', '{"userId":"ada"}'],
    ['an unknown type', '{"type":"subscribe","userId":"ada"}'],
    ['a type of the server', '{"type":"authenticated","userId":"ada","position":{}}'],
    ['no user', '{"type":"authenticate"}'],
    ['an empty user', '{"type":"authenticate","userId":""}'],
    ['a user that is an object', '{"type":"authenticate","userId":{"$ne":null}}'],
    ['a user that is too long', JSON.stringify({ type: 'authenticate', userId: 'a'.repeat(257) })],
    ['half a surrogate pair', '{"type":"authenticate","userId":"\\ud800"}'],
    ['a token that is a list', '{"type":"authenticate","userId":"ada","token":["x"]}'],
    ['a token of 9 kB', JSON.stringify({ type: 'authenticate', userId: people.ada, token: 'x'.repeat(9000) })],
    ['an inherited type', '{"__proto__":{"type":"authenticate","userId":"ada"}}'],
    ['deep nesting', '['.repeat(30_000)],
    ['a binary frame', Buffer.from('{"type":"authenticate","userId":"ada"}')],
  ])('refuses a message with %s', async (_, message) => {
    const { url, registry, figures } = await serve({ allowBareAuthentication: true });
    const socket = await open(url);
    socket.ws.send(message);
    expect(await socket.closed).toEqual({ code: 4400, reason: 'bad message' });
    expect(socket.messages).toMatchObject([{ type: 'error', code: 'bad_message' }]);
    expect(registry.size).toBe(0);
    expect(figures.errors).toBe(1);
  });

  it.each<[string, (socket: TestSocket) => void, number]>([
    ['a message above 64 KiB', (socket) => socket.ws.send('x'.repeat(64 * 1024 + 1)), 1009],
    ['text that is no UTF-8', (socket) => socket.ws.send(Buffer.from([0xff, 0xfe]), { binary: false }), 1007],
    ['a message in more than 16 fragments', (socket) => {
      for (let part = 0; part < 20; part += 1) socket.ws.send('x', { fin: false });
    }, 1008],
  ])('ends only the socket that sends %s', async (_, attack, code) => {
    const { url, figures } = await serve({ allowBareAuthentication: true });
    const [socket, other] = [await open(url), await open(url)];
    attack(socket);
    expect((await socket.closed).code).toBe(code);
    other.send({ type: 'authenticate', userId: people.ada });
    await until(() => other.messages.length > 0);
    expect(figures.errors).toBe(1);
  });

  it('answers with 1009 to 64 KiB and more, and takes what is below', async () => {
    const { url } = await serve({ allowBareAuthentication: true });
    const socket = await open(url);
    const text = JSON.stringify({ type: 'authenticate', userId: people.ada, padding: '' });
    socket.send(text.replace('""', `"${'x'.repeat(64 * 1024 - text.length)}"`));
    await until(() => socket.messages.length > 0);
    expect(socket.messages[0]).toMatchObject({ type: 'authenticated' });
  });

  it('accepts no token only from this machine, and from no page of elsewhere and no proxy', async () => {
    const { url, port } = await serve({ allowBareAuthentication: true });
    const attempt = async (options: Parameters<typeof openSocket>[1], target = url): Promise<string> => {
      const socket = await open(target, options);
      socket.send({ type: 'authenticate', userId: people.ada });
      await until(() => socket.messages.length > 0);
      return socket.messages[0]!.type;
    };
    expect(await attempt({})).toBe('authenticated');
    expect(await attempt({ origin: 'http://localhost:3000' })).toBe('authenticated');
    expect(await attempt({}, `ws://localhost:${port}`)).toBe('authenticated');
    expect(await attempt({ origin: 'https://evil.example' })).toBe('error');
    expect(await attempt({ origin: 'null' })).toBe('error');
    expect(await attempt({ headers: { 'X-Forwarded-For': '203.0.113.9' } })).toBe('error');
    expect(await attempt({ headers: { Host: 'rebound.example' } })).toBe('error');
  });

  it('never changes the user of a socket', async () => {
    const { url, registry } = await serve();
    const socket = await open(url);
    socket.send({ type: 'authenticate', userId: people.ada, token: await tokenOf(people.ada) });
    await until(() => socket.messages.length === 1);
    socket.send({ type: 'authenticate', userId: people.bob, token: await tokenOf(people.bob) });
    expect(await socket.closed).toEqual({ code: 4403, reason: 'forbidden' });
    expect(registry.size).toBe(0);
  });

  it('closes a socket when its token expires, unless it brought a new one before', async () => {
    const { url } = await serve();
    const [stale, fresh] = [await open(url), await open(url)];
    const short = await tokenOf(people.ada, 5);
    for (const socket of [stale, fresh]) socket.send({ type: 'authenticate', userId: people.ada, token: short });
    await until(() => stale.messages.length === 1 && fresh.messages.length === 1);
    fresh.send({ type: 'authenticate', userId: people.ada, token: await tokenOf(people.ada, 600) });
    expect(await stale.closed).toEqual({ code: 4410, reason: 'token expired' });
    expect(stale.messages[1]).toMatchObject({ type: 'error', code: 'expired' });
    expect(fresh.ws.readyState).toBe(WebSocket.OPEN);
    expect(fresh.messages.map((message) => message.type)).toEqual(['authenticated', 'authenticated']);
  });

  it('ends a socket whose peer answers no ping, and keeps one that does', async () => {
    const { url, figures } = await serve({ limits: { pingEveryMs: 50, pongWithinMs: 100 }, allowBareAuthentication: true });
    const [silent, lively] = [await open(url, { autoPong: false }), await open(url)];
    for (const socket of [silent, lively]) socket.send({ type: 'authenticate', userId: people.ada });
    expect((await silent.closed).code).toBe(1006);
    let pings = 0;
    lively.ws.on('ping', () => (pings += 1));
    await until(() => pings > 5);
    expect(lively.ws.readyState).toBe(WebSocket.OPEN);
    expect(figures.clients).toBe(1);
  });

  it('closes a socket that sends too many messages', async () => {
    const { url } = await serve({ limits: { messagesPerMinute: 3 } });
    const socket = await open(url);
    const token = await tokenOf(people.ada);
    for (let sent = 1; sent <= 4; sent += 1) {
      socket.send({ type: 'authenticate', userId: people.ada, token });
      await until(() => socket.messages.length === sent);
    }
    expect(await socket.closed).toEqual({ code: 4429, reason: 'too many messages' });
  });

  it('closes the oldest socket of a user who opens too many', async () => {
    const { url, registry } = await serve({ limits: { socketsPerUser: 2 }, allowBareAuthentication: true });
    const sockets: TestSocket[] = [];
    for (let index = 0; index < 3; index += 1) {
      const socket = await open(url);
      socket.send({ type: 'authenticate', userId: people.ada });
      await until(() => socket.messages.length === 1);
      sockets.push(socket);
    }
    expect(await sockets[0]!.closed).toEqual({ code: 4409, reason: 'replaced' });
    expect(registry.size).toBe(2);
  });

  it('refuses connections above its caps with 503, and those of other origins with 403', async () => {
    const { url, figures } = await serve({ limits: { connections: 3, unauthenticated: 2 }, allowedOrigins: ['https://app.example'], allowBareAuthentication: true });
    const status = async (options: Parameters<typeof openSocket>[1] = {}): Promise<string> =>
      openSocket(url, options).then(
        (socket) => {
          cleanups.push(() => socket.ws.terminate());
          return 'open';
        },
        (error: unknown) => String(error),
      );
    expect(await status({ origin: 'https://evil.example' })).toContain('403');
    expect(await status({ origin: 'https://app.example' })).toBe('open');
    const socket = await open(url);
    expect(await status()).toContain('503');
    socket.send({ type: 'authenticate', userId: people.ada });
    await until(() => socket.messages.length === 1);
    expect(await status()).toBe('open');
    expect(await status()).toContain('503');
    expect(figures).toMatchObject({ refusedConnections: 3, connections: 3 });
  });

  it('answers a plain HTTP request with 426', async () => {
    const { port } = await serve();
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect([response.status, await response.text()]).toEqual([426, 'This port speaks WebSocket.\n']);
  });

  it('ends in bounded time with 1012, also for those who do not answer, and leaves no port open', async () => {
    const { url, port, server, figures } = await serve();
    const socket = await open(url);
    const silent = connectTcp(port, '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    const deaf = await open(url);
    deaf.ws.pause();
    const started = performance.now();
    await Promise.all([server.close(), server.close()]);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await socket.closed).toEqual({ code: 1012, reason: 'restarting' });
    await until(() => figures.connections === 0);
    await expect(openSocket(url)).rejects.toThrow('ECONNREFUSED');
    silent.destroy();
  });
});
