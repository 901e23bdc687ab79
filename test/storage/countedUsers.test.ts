import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { CountedUsers } from '../../src/storage/CountedUsers.js';
import { EventStore } from '../../src/storage/EventStore.js';
import { chunkOf, START, TYPE } from '../merging/mergeFixture.js';
import { createEventFixture, type EventFixture } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { people } from '../support/witness/people.js';

let server: TestRedis;
let fixture: EventFixture;
let store: EventStore;
let counted: CountedUsers;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  fixture = await createEventFixture(server.url);
  counted = new CountedUsers();
  store = new EventStore(fixture.redis, fixture.keys, fixture.keyRing.reading!, undefined, counted);
});
afterEach(async () => fixture.close());

const key = () => fixture.keys.event(TYPE).users(Math.floor(START / 86_400_000));

/** Stores an event of each user, and tells how many users Redis counts then. */
async function countAfter(...users: readonly string[]): Promise<number> {
  const chunk = chunkOf(START);
  const [timestamp] = chunk.rows.timestamps;
  const [type] = chunk.rows.types;
  const each = <T>(value: T): T[] => users.map(() => value);
  const rows = {
    ...chunk.rows,
    places: users.map((_, place) => place),
    types: each(type!),
    timestamps: each(timestamp!),
    users: [...users],
    sessions: each(null),
    properties: each('{}'),
    metadata: each(''),
  };
  expect(await store.store([{ ...chunk, rows, packed: undefined, marks: [] }], START)).toMatchObject([{ kind: 'stored' }]);
  return fixture.redis.pfcount(key());
}

describe('users that were counted before', () => {
  it('are not added again, and new ones beside them are', async () => {
    expect(await countAfter(people.ada, people.bob)).toBe(2);
    await fixture.redis.config('RESETSTAT');
    expect(await countAfter(people.ada, people.bob)).toBe(2);
    expect(await fixture.redis.info('commandstats')).not.toContain('cmdstat_pfadd');
    expect(await countAfter(people.bob, 'cleo')).toBe(3);
  });

  it('are all counted again when Redis has lost the count', async () => {
    await countAfter(people.ada, people.bob);
    await fixture.redis.del(key());
    expect(await countAfter(people.ada)).toBe(1);
    expect(await countAfter(people.bob)).toBe(2);
  });

  it('are counted for each day and type by themselves', () => {
    counted.add('one day', [people.ada]);
    expect(counted.uncounted('one day', [people.ada, people.bob])).toEqual([people.bob]);
    expect(counted.uncounted('another day', [people.ada, people.bob])).toEqual([people.ada, people.bob]);
    counted.forget();
    expect(counted.uncounted('one day', [people.ada])).toEqual([people.ada]);
  });

  it('are remembered up to 100,000', () => {
    const users = Array.from({ length: 60_000 }, (_, number) => `user ${number}`);
    counted.add('first', users);
    counted.add('second', users);
    expect(counted.uncounted('first', users)).toHaveLength(60_000);
    expect(counted.uncounted('second', users)).toHaveLength(0);
  });
});
