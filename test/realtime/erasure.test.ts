import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { QueueKeys } from 'bullmq';
import { setTimeout as sleep } from 'node:timers/promises';

import { createQueue } from '../../queues/createQueue.js';
import { queuePlaces } from '../../queues/names.js';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { mergeAll } from '../../src/merging/mergeAll.js';
import { ChunkOpener } from '../../src/realtime/ChunkOpener.js';
import { ClientRegistry } from '../../src/realtime/ClientRegistry.js';
import { FeedCursor } from '../../src/realtime/FeedCursor.js';
import { createFigures } from '../../src/realtime/RealtimeFigures.js';
import { EventReader } from '../../src/storage/EventReader.js';
import { CACHE_LEASE_MS } from '../../src/storage/PurgeMark.js';
import { createSubjects, type Subjects } from '../../src/subjects/createSubjects.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createTestStore, type TestStore } from './support/pipeline.js';
import { serveSockets, type ServedSockets } from './support/serveSockets.js';
import { until, type TestSocket } from './support/socket.js';
import { people } from '../support/witness/people.js';

const HOUR_MS = 3_600_000;
const START = 480_000 * HOUR_MS;
const TYPE = 'user_action';

let server: TestRedis;
let store: TestStore;
let subjects: Subjects;
let prefixes = 0;
const cleanups: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  prefixes += 1;
  store = await createTestStore(server.url, `erasing${prefixes}:`);
  // Half of what it waits for otherwise: what leaves a process is seen here at once.
  subjects = erasing(CACHE_LEASE_MS);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  store.close();
});

function erasing(purgedAfterMs: number): Subjects {
  const { redis, keys, keyRing } = store;
  const [events, metrics] = [createQueue(queuePlaces(keys).events, redis), createQueue(queuePlaces(keys).metrics, redis)];
  cleanups.push(async () => Promise.all([events.close(), metrics.close()]));
  const types = createEventTypes();
  return createSubjects({
    context: { redis, keys, keyRing, secrets: keyRing.reading!, events, metrics, spoolDir: undefined, classesOf: (type) => types.classesOf(type), now: Date.now, purgedAfterMs },
    by: { subject: 'test', via: 'test' },
    gate: { act: async (_request, work) => work(), told: async () => Promise.resolve() },
    wakeWorker: async () => Promise.resolve(),
  });
}

async function serve(pollMs: number): Promise<ServedSockets> {
  const served = await serveSockets(server.url, store, { pollMs });
  cleanups.push(() => served.close());
  return served;
}

/** Two of Ann's and one of Bob's; every third batch Bob's alone. */
const batchOf = (batch: number): { userId: string; id: string; timestamp: number }[] => {
  const at = START + ((batch * 7919) % 3000) * 1000;
  const bob = { userId: people.bob, id: `bob-${batch}`, timestamp: at };
  return batch % 3 === 0 ? [bob] : [{ userId: people.ann, id: `ann-${batch}`, timestamp: at }, bob, { userId: people.ann, id: `ann-${batch}-2`, timestamp: at + 5 }];
};

const merge = async (): Promise<void> => {
  const { redis, keys, keyRing } = store;
  await mergeAll({ redis, keys, secrets: keyRing.reading!, now: () => START + 10 * HOUR_MS }, { graceMs: 0 });
};

function isTold(socket: TestSocket): boolean {
  return socket.messages.some((message) => message.type === 'resync' && message.types.includes(TYPE));
}

describe('an erasure beside a live broadcaster', () => {
  it('lets no socket have an event of the person after its receipt, and nobody else miss one unsaid', async () => {
    const { errors, join } = await serve(20);
    const [ann, bob, second] = [await join(people.ann), await join(people.bob), await join(people.bob)];
    let isOver = false;
    let batch = 0;
    const write = async (): Promise<void> => {
      while (!isOver) {
        await store.store(batchOf(batch));
        batch += 1;
        if (batch === 30) await merge();
        await sleep(2);
      }
    };
    const writing = write();
    try {
      await until(() => ann.eventIds().length > 50);
      const { content } = await subjects.erase(people.ann, { mode: 'delete' });
      expect(content.left.events + content.left.feedEntries).toBe(0);
      // What is Ann's from here on was tracked after the erasure.
      const before = new Set(ann.eventIds());
      const seen = ann.messages.length;
      const next = batch;
      await until(() => batch > next + 20 && bob.eventIds().at(-1) !== undefined);
      isOver = true;
      await writing;
      await until(() => bob.eventIds().at(-1) === `bob-${batch - 1}`);
      const late = ann.messages.slice(seen).flatMap((message) => (message.type === 'analytics_event' ? [message.event] : []));
      expect(late.filter(({ id }) => before.has(id))).toEqual([]);
      const stored = new Set(Array.from({ length: batch }, (_, number) => `bob-${number}`));
      for (const socket of [bob, second]) {
        for (const id of socket.eventIds()) stored.delete(id);
        expect(stored.size === 0 || isTold(socket)).toBe(true);
      }
      expect(errors).toEqual([]);
    } finally {
      isOver = true;
      await writing;
    }
  }, 60_000);

  it('sends others what is left where a broadcaster had not come so far, and tells them to read again', async () => {
    subjects = erasing(0);
    const { errors, join } = await serve(60_000);
    const [ann, bob] = [await join(people.ann), await join(people.bob)];
    for (let batch = 0; batch < 9; batch += 1) await store.store(batchOf(batch));
    const { content } = await subjects.erase(people.ann, { mode: 'delete' });
    expect(content.done).toMatchObject({ events: 12, feedEntries: 6 });
    const completed = new QueueKeys(queuePlaces(store.keys).events.prefix).toKey('queue', 'events');
    const returnvalue = JSON.stringify({ stored: 1, duplicates: 0, expired: 0, types: [TYPE] });
    await until(async () => {
      await store.redis.xadd(completed, '*', 'event', 'completed', 'jobId', 'x', 'returnvalue', returnvalue);
      return bob.eventIds().length >= 3;
    });
    expect(bob.eventIds()).toEqual(['bob-0', 'bob-3', 'bob-6']);
    expect(isTold(bob)).toBe(true);
    expect(ann.eventIds()).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('is seen by a reader of the feed whose last entries are gone, once', async () => {
    subjects = erasing(0);
    await store.store(batchOf(0));
    const cursor = new FeedCursor(store.redis, store.keys.event(TYPE), TYPE);
    await cursor.toTop();
    for (let batch = 1; batch < 3; batch += 1) await store.store(batchOf(batch));
    await subjects.erase(people.ann, { mode: 'delete' });
    expect(await cursor.isDoubtful()).toBe(false);
    const page = await cursor.read();
    expect(page).toMatchObject({ entries: [], more: false, gap: true, end: 7 });
    cursor.advance(page);
    expect(await cursor.isDoubtful()).toBe(false);
    expect(await cursor.read()).toMatchObject({ entries: [], gap: false });
    await store.store(batchOf(3));
    expect(await cursor.read()).toMatchObject({ entries: [{ offset: 8 }], gap: false });
  });
});

describe('what a process holds of chunks', () => {
  /** What an opener had fetched before the erasure, and gives out after it. */
  async function openedAround(isMerged: boolean): Promise<string[]> {
    const { redis, keys, keyRing } = store;
    for (let batch = 0; batch < 30; batch += 1) await store.store(batchOf(batch));
    const cursor = new FeedCursor(redis, keys.event(TYPE), TYPE);
    await cursor.toBottom();
    const { entries } = await cursor.read();
    expect(entries).toHaveLength(30);
    if (isMerged) {
      await merge();
      await merge();
    }
    const opener = new ChunkOpener({ redis, keys, secrets: keyRing.reading!, figures: createFigures(new ClientRegistry()), onError: (error) => { throw error; } });
    const users: string[] = [];
    const groups = opener.open(TYPE, entries);
    // The chunks are fetched, and of merged ones the first entry was found, which reads all of them into memory.
    await groups.next();
    if (isMerged) for (const { users: some } of (await groups.next()).value ?? []) users.push(...some.map(String));
    expect(users).toEqual(isMerged ? [people.bob] : []);
    const { content } = await subjects.erase(people.ann, { mode: 'delete' });
    expect(content.done.events).toBe(40);
    for await (const group of groups) for (const { users: some } of group) users.push(...some.map(String));
    return users;
  }

  it('is not relayed after the receipt, though it was fetched before', async () => {
    expect(await openedAround(false)).toEqual(Array.from({ length: 30 }, () => people.bob));
  });

  it('is not relayed after the receipt, though it was found in merged chunks that are in memory', async () => {
    expect(await openedAround(true)).toEqual(Array.from({ length: 30 }, () => people.bob));
  });

  it('is not given out by a reader after the receipt, to whom holds an index from before either', async () => {
    const { redis, keys, keyRing } = store;
    for (let batch = 0; batch < 30; batch += 1) await store.store(batchOf(batch));
    await merge();
    const reader = new EventReader({ redis, keys, secrets: keyRing.reading! });
    const entries = await reader.hour(TYPE, START / HOUR_MS);
    await reader.load(TYPE, entries, 'all');
    expect(reader.isEmpty).toBe(false);
    const opened = reader.counts.opened;
    await reader.load(TYPE, entries, 'all');
    expect(reader.counts.opened).toBe(opened);
    await subjects.erase(people.ann, { mode: 'delete' });
    expect(await reader.load(TYPE, entries, 'all')).toEqual(entries.map(() => undefined));
  });
});
