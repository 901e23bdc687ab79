import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';

import { eventIdAt } from '../../src/codec/batchId.js';
import { AnalyticsError } from '../../src/errors/AnalyticsError.js';
import { checkStore } from '../queries/checkStore.js';
import { createEventFixture, type EventFixture, type Job } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { failingScript } from './failingScript.js';
import { people } from '../support/witness/people.js';

const HOUR = 3_600_000;
const START = 480_000 * HOUR;
const TYPE = 'page_view';

let server: TestRedis;
let store: EventFixture;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  store = await createEventFixture(server.url);
});
afterEach(async () => store.close());

/** Ids and times of what is stored, oldest first; the store's own figures are held against it. */
async function stored(): Promise<string[]> {
  store.forget();
  const events = await store.get({ type: TYPE, order: 'asc', limit: 10_000 });
  await checkStore(store, TYPE, events.map((event) => event.timestamp));
  return events.map((event) => `${event.id}@${event.timestamp - START}`);
}

/** Runs a scenario with each command of the script failing in turn, each time in a new store. */
async function withEachCommandFailing(scenario: (through: Redis) => Promise<'failed' | 'done'>): Promise<number> {
  for (let place = 1; ; place += 1) {
    await store.close();
    store = await createEventFixture(server.url);
    if ((await scenario(failingScript(store.redis, 'storeEventChunk', place))) === 'done') return place - 1;
  }
}

const attempt = async (job: Job, through: Redis): Promise<'failed' | 'done'> =>
  store.run(job, { through }).then(
    () => 'done' as const,
    () => 'failed' as const,
  );

describe('storeEventChunk', () => {
  it('is finished by a repeat whichever of its commands failed', async () => {
    const commands = await withEachCommandFailing(async (through) => {
      const before = store.batch([{ timestamp: START }]);
      await store.run(before);
      const job = store.batch([
        { userId: people.ada, timestamp: START + 5 },
        { id: 'mine', timestamp: START + 7 },
        { id: eventIdAt(store.batch([{ timestamp: START }]).id, 3), timestamp: START + 9 },
      ]);
      const outcome = await attempt(job, through);
      if (outcome === 'failed') {
        store.forget();
        expect(await store.get({ type: TYPE })).toHaveLength(1);
        expect(await store.run(job)).toMatchObject({ stored: 3, duplicates: 0 });
      }
      expect(await store.run(job)).toMatchObject({ stored: 0, duplicates: 3 });
      const later = store.batch([{ id: 'mine', timestamp: START + 8 }, { timestamp: START + 20 }]);
      expect(await store.run(later)).toMatchObject({ stored: 1, duplicates: 1 });
      expect((await stored()).map((event) => event.split('@')[1])).toEqual(['0', '5', '7', '9', '20']);
      return outcome;
    });
    // Types, guard, marks, counters, feed, then the writes: fewer would mean that the script was not what ran.
    expect(commands).toBeGreaterThan(15);
  });

  it('is finished by a repeat that has fewer events, since some expired meanwhile', async () => {
    await withEachCommandFailing(async (through) => {
      const job = store.batch([0, 10, 20].map((ms) => ({ timestamp: START + ms })));
      const outcome = await attempt(job, through);
      if (outcome === 'failed') expect(await store.run(job, { oldestKept: START + 5 })).toMatchObject({ stored: 2, expired: 1 });
      expect((await stored()).map((event) => event.split('@')[1])).toEqual(outcome === 'done' ? ['0', '10', '20'] : ['10', '20']);
      return outcome;
    });
  });

  it('stores each id once when its event is repeated between a failure and the repeat of the job', async () => {
    await withEachCommandFailing(async (through) => {
      const job = store.batch([{ timestamp: START }, { id: 'mine', timestamp: START + 10 }, { timestamp: START + 20 }]);
      const outcome = await attempt(job, through);
      const repeat = store.batch([{ id: 'mine', timestamp: START + 11 }, { id: eventIdAt(job.id, 2), timestamp: START + 20 }]);
      await store.run(repeat);
      await store.run(job);
      await store.run(repeat);
      const ids = (await stored()).map((event) => event.split('@')[0]);
      expect(ids).toHaveLength(3);
      expect(new Set(ids)).toEqual(new Set([eventIdAt(job.id, 0), 'mine', eventIdAt(job.id, 2)]));
      return outcome;
    });
  });

  it('stores each id once when the batch it came from arrives between a failure and the repeat of the job', async () => {
    await withEachCommandFailing(async (through) => {
      const origin = store.batch([{ timestamp: START }, { timestamp: START + 1 }]);
      const repeat = store.batch([{ id: eventIdAt(origin.id, 1), timestamp: START + 1 }, { timestamp: START + 2 }]);
      const outcome = await attempt(repeat, through);
      await store.run(origin);
      await store.run(repeat);
      await store.run(origin);
      const ids = (await stored()).map((event) => event.split('@')[0]);
      expect(ids).toHaveLength(3);
      expect(new Set(ids)).toEqual(new Set([eventIdAt(origin.id, 0), eventIdAt(origin.id, 1), eventIdAt(repeat.id, 1)]));
      return outcome;
    });
  });

  it.each(['hset', 'hexists', 'hget', 'hmget', 'hlen', 'zadd', 'zcard', 'xadd', 'xlen', 'xrange', 'pfadd', 'evalsha'])(
    'leaves nothing half done for good when the Redis user may not %s',
    async (command) => {
      await store.redis.call('ACL', 'SETUSER', 'lacking', 'reset', 'on', '>secret', '~*', '&*', '+@all', `-${command}`);
      const lacking = new Redis(server.url, { username: 'lacking', password: 'secret', protocol: 2 });
      try {
        await store.run(store.batch([{ id: 'before', timestamp: START }]));
        const job = store.batch([{ userId: people.ada, timestamp: START + 1 }, { id: 'mine', timestamp: START + 2 }, { id: 'before', timestamp: START }]);
        await expect(store.run(job, { through: lacking })).rejects.toThrow(/NOPERM|can't run this command/);
        expect(await store.run(job)).toMatchObject({ stored: 2, duplicates: 1 });
        expect((await stored()).map((event) => event.split('@')[1])).toEqual(['0', '1', '2']);
      } finally {
        lacking.disconnect();
      }
    },
  );

  it('writes nothing where a key holds something else, and says so', async () => {
    const keys = store.keys.event(TYPE);
    const { chunks, time, dataKeys, counts, feed, absorbed, seen, batches } = keys;
    const job = store.batch([{ id: 'mine', userId: people.ada, timestamp: START }]);
    for (const foreign of [[chunks], [time], [dataKeys], [counts], [feed], [absorbed], [keys.users(START / (24 * HOUR))], [seen], [batches]]) {
      for (const key of foreign) await store.redis.set(key, 'of another program');
      const before = await store.redis.keys(`${store.keys.prefix}events:*`);
      const error = await store.run(job).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(AnalyticsError);
      expect(error).toMatchObject({ code: 'STORE_INCONSISTENT' });
      expect((await store.redis.keys(`${store.keys.prefix}events:*`)).sort()).toEqual(before.sort());
      await store.redis.del(...foreign);
    }
    expect(await store.run(job)).toMatchObject({ stored: 1 });
    expect(await stored()).toEqual(['mine@0']);
  });

  it('gives offsets that no earlier feed entry has, and a new epoch when the feed was lost', async () => {
    const { feed, counts } = store.keys.event(TYPE);
    await store.run(store.batch([0, 1, 2].map((ms) => ({ timestamp: START + ms }))));
    const epoch = await store.redis.hget(counts, 'epoch');
    await store.redis.hset(counts, 'offset', '1'); // as if the counter had gone back
    await store.run(store.batch([{ timestamp: START + 3 }]));
    expect(await store.redis.hget(counts, 'offset')).toBe('4');
    expect(await store.redis.hget(counts, 'epoch')).toBe(epoch);
    await store.redis.del(feed);
    await store.run(store.batch([{ timestamp: START + 4 }]));
    expect(await store.redis.hget(counts, 'offset')).toBe('5');
    expect(await store.redis.hget(counts, 'epoch')).not.toBe(epoch);
  });
});

describe('ids that come again', () => {
  it('are stored once: within a batch, across hours, and in another batch', async () => {
    const first = store.batch([
      { id: 'a', properties: { n: 1 }, timestamp: START },
      { id: 'a', properties: { n: 2 }, timestamp: START },
      { id: 'a', properties: { n: 3 }, timestamp: START + HOUR },
    ]);
    expect(await store.run(first)).toMatchObject({ stored: 1, duplicates: 2 });
    expect(await store.run(store.batch([{ id: 'a', timestamp: START + 2 * HOUR }]))).toMatchObject({ stored: 0, duplicates: 1 });
    expect(await store.get({ type: TYPE })).toMatchObject([{ id: 'a', properties: { n: 1 } }]);
  });

  it('are told apart by type', async () => {
    expect(await store.run(store.batch([{ id: 'a', timestamp: START }, { id: 'a', type: 'error', timestamp: START }]))).toMatchObject({ stored: 2 });
  });

  it('are stored once when a generated id is repeated after its batch was stored', async () => {
    const origin = store.batch([{ timestamp: START }, { timestamp: START + 1 }]);
    await store.run(origin);
    const repeat = store.batch([{ id: eventIdAt(origin.id, 1), timestamp: START + 1 }, { timestamp: START + 2 }]);
    expect(await store.run(repeat)).toMatchObject({ stored: 1, duplicates: 1 });
    expect((await stored()).map((event) => event.split('@')[1])).toEqual(['0', '1', '2']);
  });

  it('are stored once when a generated id is repeated before its batch arrives, in another hour too', async () => {
    const origin = store.batch([{ timestamp: START }, { timestamp: START + 1 }, { timestamp: START + HOUR }]);
    const repeat = store.batch([{ id: eventIdAt(origin.id, 1), timestamp: START + HOUR + 5 }]);
    expect(await store.run(repeat)).toMatchObject({ stored: 1 });
    expect(await store.run(origin)).toMatchObject({ stored: 2, duplicates: 1 });
    expect(await store.run(origin)).toMatchObject({ stored: 0, duplicates: 3 });
    expect(await store.run(store.batch([{ id: eventIdAt(origin.id, 0), timestamp: START }]))).toMatchObject({ stored: 0, duplicates: 1 });
    expect((await stored()).map((event) => event.split('@')[1])).toEqual(['0', String(HOUR), String(HOUR + 5)]);
  });

  it('are stored once when both batches run at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const origin = store.batch([{ timestamp: START + round * 10 }, { id: `own${round}`, timestamp: START + round * 10 + 1 }]);
      const repeat = store.batch([{ id: eventIdAt(origin.id, 0), timestamp: START + round * 10 }, { id: `own${round}`, timestamp: START + round * 10 + 1 }]);
      const results = await Promise.all([store.run(repeat), store.run(origin), store.run(repeat), store.run(origin)]);
      expect(results.reduce((sum, result) => sum + result.stored, 0)).toBe(2);
    }
    expect(await stored()).toHaveLength(40);
  });
});
