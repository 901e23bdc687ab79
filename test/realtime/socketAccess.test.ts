import { randomBytes } from 'node:crypto';

import { afterEach, describe, expect, it } from '@jest/globals';

import { parseConfig } from '../../src/config/parseConfig.js';
import { ClientRegistry } from '../../src/realtime/ClientRegistry.js';
import { createFigures } from '../../src/realtime/RealtimeFigures.js';
import { SocketServer, type SocketServerOptions } from '../../src/realtime/SocketServer.js';
import { createTokenVerifier, signToken } from '../../src/security/tokens.js';
import { openAccess } from '../support/access.js';
import { openSocket, until, type TestSocket } from './support/socket.js';
import { people } from '../support/witness/people.js';

const config = parseConfig({ ANALYTICS_TOKEN_SECRET: randomBytes(32).toString('base64') });

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(limits: SocketServerOptions['limits'] = {}) {
  const registry = new ClientRegistry();
  const access = openAccess();
  const { gate, revocations } = access;
  const verifier = await createTokenVerifier(config);
  const server = new SocketServer({
    host: '127.0.0.1', port: 0, registry, figures: createFigures(registry), broadcaster: { position: () => ({}) }, verifier, gate, revocations, lockOut: undefined,
    limits: { closeWithinMs: 500, ...limits },
  });
  const { port } = await server.listen();
  cleanups.push(async () => server.close());
  return { access, registry, url: `ws://127.0.0.1:${port}` };
}

async function authenticate(url: string, userId: string, subject = userId, roles: readonly string[] = []): Promise<TestSocket> {
  const socket = await openSocket(url, {});
  cleanups.push(() => socket.ws.terminate());
  socket.send({ type: 'authenticate', userId, token: await signToken(config, { subject, roles, ttlSeconds: 600 }) });
  await until(() => socket.messages.length > 0);
  return socket;
}

describe('a socket', () => {
  it('is recorded by subject and token before it is let in, and not let in when it cannot be', async () => {
    const { access, registry, url } = await serve();
    await authenticate(url, people.ada);
    expect(access.entries).toEqual([
      {
        actor: { subject: people.ada, roles: ['self'], via: expect.stringMatching(/^token:[0-9a-f-]{36}$/) },
        operation: 'signin.socket', outcome: 'allowed', purpose: 'subject-request', subjects: [people.ada], origin: '127.0.0.1',
      },
    ]);
    access.takeDown();
    const refused = await authenticate(url, people.bob);
    expect((await refused.closed).code).toBe(1011);
    expect(registry.clientsOf(people.bob)).toBeUndefined();
  });

  it("is closed with 4403 and recorded when it asks for another user's events", async () => {
    const { access, url } = await serve();
    const socket = await authenticate(url, people.ada, 'mallory');
    expect((await socket.closed).code).toBe(4403);
    expect(access.entries).toMatchObject([{ actor: { subject: 'mallory' }, operation: 'signin.socket', outcome: 'denied', subjects: [people.ada], reason: 'owner' }]);
  });

  it.each(['operator', 'analyst', 'auditor', 'ingest', 'no-role'])('is refused to a token that is %s and not self', async (role) => {
    const { access, url } = await serve();
    expect((await (await authenticate(url, people.ada, people.ada, [role])).closed).code).toBe(4403);
    expect(access.entries).toMatchObject([{ outcome: 'denied', reason: 'role' }]);
  });

  it('is closed when what it signed in with is revoked, and the others stay', async () => {
    const { access, registry, url } = await serve();
    const [ada, bob] = [await authenticate(url, people.ada), await authenticate(url, people.bob)];
    access.revoke(people.ada);
    expect((await ada.closed).code).toBe(4411);
    expect(ada.messages.at(-1)).toMatchObject({ type: 'error', code: 'revoked' });
    expect(bob.ws.readyState).toBe(bob.ws.OPEN);
    expect(registry.userCount).toBe(1);
  });

  it('is closed when nobody was there for a while: pings are no sign of anybody, messages are', async () => {
    const { url } = await serve({ idleMs: 1500, pingEveryMs: 100 });
    const [idle, active] = [await authenticate(url, people.ada), await authenticate(url, people.bob)];
    const timer = setInterval(() => active.send({ type: 'active' }), 100);
    cleanups.push(() => clearInterval(timer));
    const pings = setInterval(() => idle.ws.ping(), 100);
    cleanups.push(() => clearInterval(pings));
    expect((await idle.closed).code).toBe(4408);
    expect(active.ws.readyState).toBe(active.ws.OPEN);
  });

  it('is closed after the longest time whatever is done', async () => {
    const { url } = await serve({ longestMs: 1000 });
    const socket = await authenticate(url, people.ada);
    expect((await socket.closed).code).toBe(4410);
  });
});
