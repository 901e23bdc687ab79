import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { QueueKeys } from 'bullmq';

import { queuePlaces } from '../../queues/names.js';
import { mergeAll } from '../../src/merging/mergeAll.js';
import { EventReader } from '../../src/storage/EventReader.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { createTestStore, type TestEvent, type TestStore } from './support/pipeline.js';
import { serveSockets, type ServedSockets } from './support/serveSockets.js';
import { until } from './support/socket.js';
import { people } from '../support/witness/people.js';

const HOUR_MS = 3_600_000;
const START = 480_000 * HOUR_MS;
const TYPE = 'user_action';

let server: TestRedis;
let store: TestStore;
let prefixes = 0;
const cleanups: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  prefixes += 1;
  store = await createTestStore(server.url, `merged${prefixes}:`);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  store.close();
});

/** A broadcaster that reads nothing until it is woken. */
async function serve(): Promise<ServedSockets> {
  const served = await serveSockets(server.url, store, { pollMs: 60_000 });
  cleanups.push(() => served.close());
  return served;
}

/** Wakes the broadcaster, as a completed job does, until it has read on so far. */
async function wakeUntil(isDone: () => boolean): Promise<void> {
  const events = new QueueKeys(queuePlaces(store.keys).events.prefix).toKey('queue', 'events');
  const returnvalue = JSON.stringify({ stored: 1, duplicates: 0, expired: 0, types: [TYPE] });
  await until(async () => {
    await store.redis.xadd(events, '*', 'event', 'completed', 'jobId', 'x', 'returnvalue', returnvalue);
    return isDone();
  });
}

/** Merges what there is, and removes at once what earlier merges replaced. */
async function merge(): Promise<void> {
  const { redis, keys, keyRing } = store;
  await mergeAll({ redis, keys, secrets: keyRing.reading!, now: () => START + 10 * HOUR_MS }, { graceMs: 0 });
}

/** Of each chunk of the hour; 0 for one that is as it was stored. */
const blocksLeft = async (): Promise<number[]> => {
  const reader = new EventReader({ redis: store.redis, keys: store.keys, secrets: store.keyRing.reading! });
  return (await reader.hour(TYPE, START / HOUR_MS)).map(({ blocks }) => blocks);
};

/** Times that go back and forth, so that what one batch holds is spread over merged chunks. */
const eventsOf = (batch: number, userId: string): TestEvent[] =>
  [0, 1, 2].map((place) => ({
    ...(place === 1 ? { userId: 'cleo' } : { userId }),
    sessionId: `s${batch}`,
    properties: { batch, place, text: 'ä "quoted"\n' },
    ...(place === 2 && { metadata: { os: 'x' } }),
    ...(batch % 5 === 0 && place === 0 && { id: `mine-${batch}` }),
    timestamp: START + ((batch * 7919) % 3000) * 1000 + place,
  }));

describe('a broadcaster that is far behind', () => {
  it('sends every event once, to its own user and as it was, though the chunks were merged and are gone', async () => {
    const { broadcaster, errors, join } = await serve();
    const [ada, bob] = [await join(people.ada), await join(people.bob)];
    const ids: Record<string, string[]> = { [people.ada]: [], [people.bob]: [] };
    for (let batch = 0; batch < 300; batch += 1) {
      const user = batch % 3 === 0 ? people.bob : people.ada;
      const [first, , third] = await store.store(eventsOf(batch, user));
      ids[user]!.push(first!, third!);
    }
    await merge();
    await merge();
    expect(await blocksLeft()).toEqual([expect.any(Number)]);
    expect(await blocksLeft()).not.toContain(0);
    await wakeUntil(() => ada.eventIds().length >= ids[people.ada]!.length && bob.eventIds().length >= ids[people.bob]!.length);
    expect(ada.eventIds()).toEqual(ids[people.ada]);
    expect(bob.eventIds()).toEqual(ids[people.bob]);
    expect(bob.messages[2]).toEqual({
      type: 'analytics_event',
      event: { id: bob.eventIds()[1], type: TYPE, priority: 'normal', userId: people.bob, sessionId: 's0', properties: { batch: 0, place: 2, text: 'ä "quoted"\n' }, metadata: { os: 'x' }, timestamp: START + 2 },
      position: { epoch: expect.stringMatching(/^[0-9a-f]+$/), offset: 3 },
    });
    expect(errors).toEqual([]);
    expect(broadcaster.figures.entriesSkipped).toBe(0);
  });

  it('goes on to chunks that are still as they were stored', async () => {
    const { join } = await serve();
    const ada = await join(people.ada);
    const ids: string[] = [];
    const storeSome = async (count: number, hour: number): Promise<void> => {
      for (let batch = 0; batch < count; batch += 1) ids.push(...(await store.store([{ userId: people.ada, timestamp: START + hour * HOUR_MS + batch }])));
    };
    await storeSome(20, 0);
    await merge();
    await merge();
    await storeSome(1, 5);
    await storeSome(1, 0);
    await storeSome(20, 1);
    await wakeUntil(() => ada.eventIds().length >= ids.length);
    expect(ada.eventIds()).toEqual(ids);
  });

  it('passes over what failed writes left, and what expired', async () => {
    const { broadcaster, errors, join } = await serve();
    const ada = await join(people.ada);
    const ids = [...(await store.store(eventsOf(0, people.ada))), ...(await store.store(eventsOf(1, people.ada)))];
    const { feed, chunks, time } = store.keys.event(TYPE);
    const [[, fields]] = (await store.redis.xrangeBuffer(feed, '-', '+')) as [[Buffer, Buffer[]]];
    await store.redis.xadd(feed, '9-0', ...fields);
    const [expired] = await store.store([{ userId: people.ada, timestamp: START + 2 * HOUR_MS }]);
    const last = await store.store(eventsOf(2, people.ada));
    await merge();
    await merge();
    await store.redis.zremrangebyscore(time, START + 2 * HOUR_MS, START + 2 * HOUR_MS);
    for (const id of await store.redis.hkeysBuffer(chunks)) {
      // The one small chunk that is left is of the hour that was not merged.
      if (id.length === 16 && (await store.redis.hmgetBuffer(chunks, id))[0]![0] !== 0x4d) await store.redis.hdel(chunks, id);
    }
    await wakeUntil(() => ada.eventIds().length >= 6);
    expect(ada.eventIds()).toEqual([ids[0], ids[2], ids[3], ids[5], last[0], last[2]]);
    expect(ada.eventIds()).not.toContain(expired);
    expect(broadcaster.figures.entriesSkipped).toBe(2);
    expect(errors).toEqual([]);
  });

  it('sends every event once while chunks are merged, merged again and removed underneath', async () => {
    const { broadcaster, errors, join } = await serve();
    const ada = await join(people.ada);
    const ids: string[] = [];
    const merging = new AbortController();
    const merges = (async () => {
      for (let round = 0; !merging.signal.aborted; round += 1) await merge();
    })();
    try {
      for (let batch = 0; batch < 150; batch += 1) {
        const [first, , third] = await store.store(eventsOf(batch, people.ada));
        ids.push(first!, third!);
        if (batch % 30 === 29) await wakeUntil(() => ada.eventIds().length >= ids.length);
      }
    } finally {
      merging.abort();
      await merges;
    }
    expect(ada.eventIds()).toEqual(ids);
    expect(errors).toEqual([]);
    expect(broadcaster.figures.entriesSkipped).toBe(0);
  });
});
