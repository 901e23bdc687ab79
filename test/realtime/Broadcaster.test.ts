import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { QueueKeys } from 'bullmq';
import type { AddressInfo } from 'node:net';

import { queuePlaces } from '../../queues/names.js';
import { createBroadcaster, type Broadcaster } from '../../src/realtime/Broadcaster.js';
import { ClientRegistry } from '../../src/realtime/ClientRegistry.js';
import { SocketServer } from '../../src/realtime/SocketServer.js';
import { connect } from '../../src/redis/connect.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createTestStore, type TestStore } from './support/pipeline.js';
import { signIn, until, type TestSocket } from './support/socket.js';

interface Served {
  readonly url: string;
  readonly broadcaster: Broadcaster;
  readonly errors: unknown[];
}

let server: TestRedis;
let store: TestStore;
let prefixes = 0;
const cleanups: (() => Promise<unknown> | void)[] = [];
const sockets: TestSocket[] = [];

beforeAll(async () => {
  server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
});
afterAll(async () => server.stop());
beforeEach(async () => {
  prefixes += 1;
  store = await createTestStore(server.url, `test${prefixes}:`);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.ws.terminate();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  store.close();
});

/** A broadcaster with a socket server in front, in development's manner. */
async function serve(options: { pollMs?: number; mostBufferedBytes?: number } = {}): Promise<Served> {
  const redis = connect(server.url, 'patient', 'test-broadcaster', () => undefined);
  const registry = new ClientRegistry();
  const errors: unknown[] = [];
  const { keys, keyRing } = store;
  const broadcaster = createBroadcaster({
    redis, keys, keyRing, registry, queuePlace: queuePlaces(keys).events, onError: (error) => errors.push(error), pollMs: 20, ...options,
  });
  await broadcaster.start();
  const socketServer = new SocketServer({
    host: '127.0.0.1', port: 0, registry, broadcaster, figures: broadcaster.figures, allowBareAuthentication: true,
    verifier: { verify: async () => Promise.reject(new Error('no tokens here')) },
  });
  const { port }: AddressInfo = await socketServer.listen();
  cleanups.push(async () => {
    await socketServer.close();
    await broadcaster.close();
    redis.disconnect();
  });
  return { url: `ws://127.0.0.1:${port}`, broadcaster, errors };
}

async function join(url: string, userId: string): Promise<TestSocket> {
  const socket = await signIn(url, userId);
  sockets.push(socket);
  return socket;
}

describe('Broadcaster', () => {
  it('delivers an event only to its own user, as it was tracked', async () => {
    const { url, broadcaster, errors } = await serve();
    const ada = await join(url, 'ada');
    const bob = await join(url, 'bob');
    const [id] = await store.store([
      { id: 'mine "1"', userId: 'ada', sessionId: 's\u2028', properties: { text: 'ä "quoted"\n' }, metadata: { os: 'x' }, timestamp: 1234, type: 'error' },
      { userId: 'cleo' },
      {},
    ]);
    const [second] = await store.store([{ userId: 'bob' }]);
    await until(() => ada.eventIds().length > 0 && bob.eventIds().length > 0);
    expect(ada.messages.slice(1)).toEqual([
      {
        type: 'analytics_event',
        event: {
          id, type: 'error', priority: 'normal', userId: 'ada', sessionId: 's\u2028',
          properties: { text: 'ä "quoted"\n' }, metadata: { os: 'x' }, timestamp: 1234,
        },
        position: { epoch: expect.stringMatching(/^[0-9a-f]+$/), offset: 1 },
      },
    ]);
    expect(bob.eventIds()).toEqual([second]);
    expect(errors).toEqual([]);
    expect(broadcaster.figures).toMatchObject({ clients: 2, users: 2, connections: 2, messagesSent: 2, errors: 0 });
  });

  it('says where it begins, and sends everything stored after that and nothing from before, in order', async () => {
    const { url } = await serve();
    await store.store([{ userId: 'ada' }, { userId: 'bob' }]);
    const first = await join(url, 'bob');
    await store.store([{ userId: 'bob', type: 'security' }]);
    await until(() => first.eventIds().length >= 1);
    const ada = await join(url, 'ada');
    const ids: string[] = [];
    for (let batch = 0; batch < 20; batch += 1) ids.push(...(await store.store([{ userId: 'ada' }, { userId: 'ada' }])));
    await until(() => ada.eventIds().length === ids.length);
    expect(ada.eventIds()).toEqual(ids);
    const offsets = ada.messages.flatMap((message) => (message.type === 'analytics_event' ? [message.position.offset] : []));
    expect(offsets).toEqual(ids.map((_, index) => 3 + index));
    expect(ada.messages[0]).toMatchObject({ type: 'authenticated', userId: 'ada', position: { user_action: { offset: 2 }, security: { offset: 1 } } });
  });

  it('serves several sockets of a user, and stops with the one that closes', async () => {
    const { url, broadcaster } = await serve();
    const [one, two] = [await join(url, 'ada'), await join(url, 'ada')];
    const [first] = await store.store([{ userId: 'ada' }]);
    await until(() => one.eventIds().length === 1 && two.eventIds().length === 1);
    await one.close();
    await until(() => broadcaster.figures.clients === 1);
    const [second] = await store.store([{ userId: 'ada' }]);
    await until(() => two.eventIds().length === 2);
    expect(two.eventIds()).toEqual([first, second]);
    expect(one.eventIds()).toEqual([first]);
    await two.close();
    await until(() => broadcaster.figures.clients === 0 && broadcaster.figures.connections === 0);
  });

  it('lets several broadcasters serve their own clients', async () => {
    const served = [await serve(), await serve()];
    const clients = await Promise.all(served.map(async ({ url }) => join(url, 'ada')));
    const ids = await store.store(Array.from({ length: 50 }, () => ({ userId: 'ada' })));
    await until(() => clients.every((client) => client.eventIds().length === ids.length));
    for (const client of clients) expect(client.eventIds()).toEqual(ids);
  });

  it('leaves the chunks of others sealed', async () => {
    const { url, broadcaster } = await serve();
    const ada = await join(url, 'ada');
    for (let chunk = 0; chunk < 5; chunk += 1) await store.store([{ userId: 'bob' }, {}]);
    await store.store([{ userId: 'ada' }]);
    await until(() => ada.eventIds().length === 1);
    expect(broadcaster.figures).toMatchObject({ entriesRead: 6, chunksOpened: 1 });
  });

  it('is woken by a completed job', async () => {
    const { url } = await serve({ pollMs: 60_000 });
    const ada = await join(url, 'ada');
    const events = new QueueKeys(queuePlaces(store.keys).events.prefix).toKey('queue', 'events');
    const [id] = await store.store([{ userId: 'ada' }]);
    const returnvalue = JSON.stringify({ stored: 1, duplicates: 0, expired: 0, types: ['user_action'] });
    await until(async () => {
      await store.redis.xadd(events, '*', 'event', 'completed', 'jobId', 'x', 'returnvalue', returnvalue);
      return ada.eventIds().length > 0;
    });
    expect(ada.eventIds()).toEqual([id]);
  });
});
