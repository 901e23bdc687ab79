import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { QueueKeys } from 'bullmq';

import { queuePlaces } from '../../queues/names.js';
import { createBroadcaster } from '../../src/realtime/Broadcaster.js';
import { ClientRegistry } from '../../src/realtime/ClientRegistry.js';
import { connect } from '../../src/redis/connect.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createTestStore, type TestStore } from './support/pipeline.js';
import { serveSockets, type ServedSockets } from './support/serveSockets.js';
import { signIn, until, type TestSocket } from './support/socket.js';
import { people } from '../support/witness/people.js';

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
async function serve(options: { pollMs?: number; mostBufferedBytes?: number } = {}): Promise<ServedSockets> {
  const served = await serveSockets(server.url, store, { pollMs: 20, ...options });
  cleanups.push(() => served.close());
  return served;
}

async function join(url: string, userId: string): Promise<TestSocket> {
  const socket = await signIn(url, userId);
  sockets.push(socket);
  return socket;
}

describe('Broadcaster', () => {
  it('delivers an event only to its own user, as it was tracked', async () => {
    const { url, broadcaster, errors } = await serve();
    const ada = await join(url, people.ada);
    const bob = await join(url, people.bob);
    const [id] = await store.store([
      { id: 'mine "1"', userId: people.ada, sessionId: 's\u2028', properties: { text: 'ä "quoted"\n' }, metadata: { os: 'x' }, timestamp: 1234, type: 'error' },
      { userId: 'cleo' },
      {},
    ]);
    const [second] = await store.store([{ userId: people.bob }]);
    await until(() => ada.eventIds().length > 0 && bob.eventIds().length > 0);
    expect(ada.messages.slice(1)).toEqual([
      {
        type: 'analytics_event',
        event: {
          id, type: 'error', priority: 'normal', userId: people.ada, sessionId: 's\u2028',
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
    await store.store([{ userId: people.ada }, { userId: people.bob }]);
    const first = await join(url, people.bob);
    const [last] = await store.store([{ userId: people.bob, type: 'security' }]);
    await until(() => first.eventIds().includes(last!));
    const ada = await join(url, people.ada);
    const ids: string[] = [];
    for (let batch = 0; batch < 20; batch += 1) ids.push(...(await store.store([{ userId: people.ada }, { userId: people.ada }])));
    await until(() => ada.eventIds().length === ids.length);
    expect(ada.eventIds()).toEqual(ids);
    const offsets = ada.messages.flatMap((message) => (message.type === 'analytics_event' ? [message.position.offset] : []));
    expect(offsets).toEqual(ids.map((_, index) => 3 + index));
    expect(ada.messages[0]).toMatchObject({ type: 'authenticated', userId: people.ada, position: { user_action: { offset: 2 }, security: { offset: 1 } } });
  });

  it('serves several sockets of a user, and stops with the one that closes', async () => {
    const { url, broadcaster } = await serve();
    const [one, two] = [await join(url, people.ada), await join(url, people.ada)];
    const [first] = await store.store([{ userId: people.ada }]);
    await until(() => one.eventIds().length === 1 && two.eventIds().length === 1);
    await one.close();
    await until(() => broadcaster.figures.clients === 1);
    const [second] = await store.store([{ userId: people.ada }]);
    await until(() => two.eventIds().length === 2);
    expect(two.eventIds()).toEqual([first, second]);
    expect(one.eventIds()).toEqual([first]);
    await two.close();
    await until(() => broadcaster.figures.clients === 0 && broadcaster.figures.connections === 0);
  });

  it('lets several broadcasters serve their own clients', async () => {
    const served = [await serve(), await serve()];
    const clients = await Promise.all(served.map(async ({ url }) => join(url, people.ada)));
    const ids = await store.store(Array.from({ length: 50 }, () => ({ userId: people.ada })));
    await until(() => clients.every((client) => client.eventIds().length === ids.length));
    for (const client of clients) expect(client.eventIds()).toEqual(ids);
  });

  it('leaves the chunks of others sealed', async () => {
    const { url, broadcaster } = await serve();
    const ada = await join(url, people.ada);
    for (let chunk = 0; chunk < 5; chunk += 1) await store.store([{ userId: people.bob }, {}]);
    await store.store([{ userId: people.ada }]);
    await until(() => ada.eventIds().length === 1);
    expect(broadcaster.figures).toMatchObject({ entriesRead: 6, chunksOpened: 1 });
  });

  it('is woken by a completed job', async () => {
    const { url } = await serve({ pollMs: 60_000 });
    const ada = await join(url, people.ada);
    const events = new QueueKeys(queuePlaces(store.keys).events.prefix).toKey('queue', 'events');
    const [id] = await store.store([{ userId: people.ada }]);
    const returnvalue = JSON.stringify({ stored: 1, duplicates: 0, expired: 0, types: ['user_action'] });
    await until(async () => {
      await store.redis.xadd(events, '*', 'event', 'completed', 'jobId', 'x', 'returnvalue', returnvalue);
      return ada.eventIds().length > 0;
    });
    expect(ada.eventIds()).toEqual([id]);
  });
});

describe('Broadcaster, when things break', () => {
  it('goes on without loss or repetition when Redis restarts underneath', async () => {
    const { url } = await serve();
    const ada = await join(url, people.ada);
    const ids = await store.store([{ userId: people.ada }, { userId: people.ada, type: 'error' }]);
    await until(() => ada.eventIds().length === 2);
    await server.restart();
    ids.push(...(await store.store([{ userId: people.ada }])));
    await server.restart();
    ids.push(...(await store.store([{ userId: people.ada }, { userId: people.ada, type: 'security' }])));
    await until(() => ada.eventIds().length === ids.length);
    expect([...ada.eventIds()].sort()).toEqual([...ids].sort());
  });

  it('sends what was stored while it was cut off', async () => {
    const { url } = await serve();
    const ada = await join(url, people.ada);
    const ids: string[] = [];
    for (let cut = 0; cut < 5; cut += 1) {
      await store.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      for (let batch = 0; batch < 5; batch += 1) ids.push(...(await store.store([{ userId: people.ada }])));
    }
    await until(() => ada.eventIds().length === ids.length);
    expect(ada.eventIds()).toEqual(ids);
  });

  it('sends everything of a store that began anew, and nothing of what it had sent', async () => {
    const { url, broadcaster } = await serve();
    const ada = await join(url, people.ada);
    const before: string[] = [];
    for (let batch = 0; batch < 5; batch += 1) before.push(...(await store.store([{ userId: people.ada }])));
    await until(() => ada.eventIds().length === before.length);
    await store.redis.flushall();
    const after: string[] = [];
    for (let batch = 0; batch < 8; batch += 1) after.push(...(await store.store([{ userId: people.ada }])));
    // The catalogue of types went with the rest, and this process knows that it wrote it.
    await until(() => ada.eventIds().length === before.length + after.length);
    expect(ada.eventIds()).toEqual([...before, ...after]);
    expect(broadcaster.figures.gaps).toBe(0);
  });

  it('finds its place again in a feed that lost its last second', async () => {
    const { url } = await serve();
    const ada = await join(url, people.ada);
    const kept = await store.store([{ userId: people.ada }]);
    await until(() => ada.eventIds().length === 1);
    const state = await dumpAll();
    const lost = [...(await store.store([{ userId: people.ada }])), ...(await store.store([{ userId: people.ada }]))];
    await until(() => ada.eventIds().length === 3);
    await restoreAll(state);
    const after: string[] = [];
    for (let batch = 0; batch < 4; batch += 1) after.push(...(await store.store([{ userId: people.ada }])));
    await store.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until(() => ada.eventIds().length === 7);
    expect(ada.eventIds()).toEqual([...kept, ...lost, ...after]);
  });

  async function dumpAll(): Promise<Map<string, Buffer>> {
    const names = await store.redis.keys(`${store.keys.prefix}*`);
    return new Map(await Promise.all(names.map(async (name) => [name, await store.redis.dumpBuffer(name)] as const)));
  }

  /** In one transaction, with the connections cut before: as a restart that lost a part looks to others. */
  async function restoreAll(state: ReadonlyMap<string, Buffer>): Promise<void> {
    const transaction = store.redis.multi();
    transaction.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    for (const name of await store.redis.keys(`${store.keys.prefix}*`)) transaction.del(name);
    for (const [name, bytes] of state) transaction.restore(name, 0, bytes);
    const replies = await transaction.exec();
    for (const [error] of replies ?? []) if (error) throw error;
  }

  it('says so when events were trimmed before it could read them', async () => {
    const { url, broadcaster } = await serve();
    const ada = await join(url, people.ada);
    const [first] = await store.store([{ userId: people.ada }]);
    await until(() => ada.eventIds().length === 1);
    const { feed } = store.keys.event('user_action');
    const [[, fields]] = (await store.redis.xrangeBuffer(feed, '-', '+')) as [[Buffer, Buffer[]]];
    await store.redis.xadd(feed, '9-0', ...fields);
    await until(() => ada.messages.some((message) => message.type === 'resync'));
    expect(ada.messages.at(-1)).toEqual({ type: 'resync', types: ['user_action'], reason: 'trimmed' });
    expect(ada.eventIds()).toEqual([first]);
    expect(broadcaster.figures.gaps).toBe(1);
  });

  it('passes over what a failed write left in the feed', async () => {
    const { url, broadcaster } = await serve();
    const ada = await join(url, people.ada);
    const [first] = await store.store([{ userId: people.ada }]);
    await until(() => ada.eventIds().length === 1);
    const { feed } = store.keys.event('user_action');
    const [[, fields]] = (await store.redis.xrangeBuffer(feed, '-', '+')) as [[Buffer, Buffer[]]];
    // The same chunk under a later id, as when the script failed behind XADD and the job ran again.
    await store.redis.xadd(feed, '3-0', ...fields);
    await store.redis.xadd(feed, '4-0', 'c', Buffer.alloc(16), ...fields.slice(2));
    await store.redis.xadd(feed, '5-0', 'c', 'short', 'n', 'x');
    const [second] = await store.store([{ userId: people.ada }]);
    await until(() => ada.eventIds().length === 2);
    expect(ada.eventIds()).toEqual([first, second]);
    expect(broadcaster.figures.entriesSkipped).toBe(2);
  });

  it('goes on with the others when one type cannot be read or one chunk does not open', async () => {
    await store.store([{ userId: people.ada, type: 'error' }]);
    const { url, errors } = await serve();
    const ada = await join(url, people.ada);
    await store.redis.multi().del(store.keys.event('error').feed).set(store.keys.event('error').feed, 'no stream').exec();
    const { chunks, feed } = store.keys.event('user_action');
    await store.redis.call('CLIENT', 'PAUSE', '100', 'WRITE').catch(() => undefined);
    await store.store([{ userId: people.ada }]);
    await until(() => ada.eventIds().length === 1);
    const [[, fields]] = (await store.redis.xrangeBuffer(feed, '-', '+')) as [[Buffer, Buffer[]]];
    const chunk = (await store.redis.hgetBuffer(chunks, fields[1]!))!;
    chunk[40]! ^= 1;
    chunk.writeDoubleBE(2, 0);
    await store.redis.multi().hset(chunks, fields[1]!, chunk).xadd(feed, '2-0', ...fields).exec();
    await until(() => errors.some((error) => String((error as { code?: unknown }).code) === 'SEAL_BROKEN'));
    const [last] = await store.store([{ userId: people.ada }]);
    await until(() => ada.eventIds().includes(last!));
    expect(errors.some((error) => String(error).includes('WRONGTYPE'))).toBe(true);
  });

  it('keeps listening to completed jobs after one with a return value that is no JSON', async () => {
    const { url, broadcaster } = await serve({ pollMs: 60_000 });
    const ada = await join(url, people.ada);
    const events = new QueueKeys(queuePlaces(store.keys).events.prefix).toKey('queue', 'events');
    await until(async () => {
      await store.redis.xadd(events, '*', 'event', 'completed', 'jobId', 'x', 'returnvalue', '{oops');
      return broadcaster.figures.listenerRestarts > 0;
    });
    await store.redis.xadd(events, '*', 'event', 'completed', 'jobId', 'x', 'returnvalue', '{"types":["A:b"],"stored":"many"}');
    const [id] = await store.store([{ userId: people.ada }]);
    await until(async () => {
      await store.redis.xadd(events, '*', 'event', 'completed', 'jobId', 'x', 'returnvalue', JSON.stringify({ stored: 1, duplicates: 0, expired: 0, types: ['user_action'] }));
      return ada.eventIds().length > 0;
    });
    expect(ada.eventIds()).toEqual([id]);
  });

  it('closes a socket that takes in too little, and keeps the others going', async () => {
    const { url, broadcaster } = await serve({ mostBufferedBytes: 256 * 1024 });
    const [slow, quick] = [await join(url, people.ada), await join(url, people.bob)];
    slow.ws.pause();
    const big = 'x'.repeat(30_000);
    let stored = 0;
    while (broadcaster.figures.slowClosed === 0) {
      await store.store([{ userId: people.ada, properties: { big } }, { userId: people.bob }]);
      stored += 1;
      await until(() => quick.eventIds().length === stored);
    }
    slow.ws.resume();
    expect(await slow.closed).toEqual({ code: 4008, reason: 'slow' });
    expect(broadcaster.figures.slowClosed).toBe(1);
  });

  it('relays a large page without leaving out anything, and without a long turn', async () => {
    const { url } = await serve();
    const ada = await join(url, people.ada);
    const ids: string[] = [];
    for (let batch = 0; batch < 300; batch += 1) ids.push(...(await store.store(Array.from({ length: 30 }, () => ({ userId: people.ada })))));
    await until(() => ada.eventIds().length === ids.length);
    expect(ada.eventIds()).toEqual(ids);
  });

  it('closes in bounded time while Redis is away', async () => {
    const own = await startRedis();
    const redis = connect(own.url, 'patient', 'test-absent', () => undefined);
    const { keyRing, keys } = store;
    const options = { redis, keys, keyRing, registry: new ClientRegistry(), queuePlace: queuePlaces(keys).events };
    const [started, waiting] = [createBroadcaster(options), createBroadcaster(options)];
    await started.start();
    await own.stop();
    const neverReady = waiting.start();
    const begun = performance.now();
    await Promise.all([started.close(), waiting.close(), started.close()]);
    expect(performance.now() - begun).toBeLessThan(5000);
    redis.disconnect();
    await neverReady;
  });

  it('delivers a lone event within 20 ms of its completed job, half of the time at least', async () => {
    const { url } = await serve({ pollMs: 500 });
    const ada = await join(url, people.ada);
    const events = new QueueKeys(queuePlaces(store.keys).events.prefix).toKey('queue', 'events');
    const latencies: number[] = [];
    const returnvalue = JSON.stringify({ stored: 1, duplicates: 0, expired: 0, types: ['user_action'] });
    for (let event = 0; event < 200; event += 1) {
      await store.store([{ userId: people.ada }]);
      const started = performance.now();
      const arrived = new Promise((resolve) => ada.ws.once('message', resolve));
      await store.redis.xadd(events, '*', 'event', 'completed', 'jobId', 'x', 'returnvalue', returnvalue);
      await arrived;
      // The first may still be waiting for the listener.
      if (event >= 20) latencies.push(performance.now() - started);
    }
    latencies.sort((one, other) => one - other);
    // The 99th percentile is for the benchmark: here other tests share the cores. Without the wake it would be 250 ms.
    expect(latencies[Math.floor(latencies.length / 2)]!).toBeLessThan(20);
  });
});
