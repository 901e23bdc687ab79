import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { ValidationError } from '../../../src/errors/ValidationError.js';
import { countUsers, type CountUsersOptions } from '../../../src/queries/counts/countUsers.js';
import { firstDayOf, type UserPeriod } from '../../../src/queries/counts/userPeriods.js';
import { UserCountReader } from '../../../src/storage/UserCountReader.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createEventFixture, type EventFixture } from '../eventFixture.js';
import { people } from '../../support/witness/people.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 4 October 2024, a Friday. */
const FIRST_DAY = 20_000;
const START = FIRST_DAY * DAY;

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

const count = async (options: CountUsersOptions) =>
  countUsers(options, {
    users: new UserCountReader(store.redis, store.keys),
    storedTypes: async () => store.redis.hkeys(store.keys.eventCatalogue),
    hourCounts: async (type) => store.reader.hourCounts(type),
    isKnownType: (type) => ['page_view', 'error', 'custom'].includes(type),
    oldestKept: () => store.oldest.kept,
  });

describe('countUsers', () => {
  it('counts within five standard errors, by day, week and month, of a type and over all', async () => {
    const seen: { type: string; day: number; user: string }[] = [];
    // Three months with gaps; many of a type's users are seen on other days, and with the other type, too.
    for (const [place, day] of [0, 1, 2, 9, 26, 27, 28, 60, 88].entries()) {
      for (const type of ['page_view', 'error']) {
        const users = Array.from({ length: type === 'error' ? 150 : 900 }, (_, user) => `user-${user + place * 100}`);
        for (const user of users) seen.push({ type, day: FIRST_DAY + day, user });
      }
    }
    for (let at = 0; at < seen.length; at += 1000) {
      const events = seen.slice(at, at + 1000).map(({ type, day, user }, place) => ({ type, userId: user, timestamp: day * DAY + (place % 24) * HOUR }));
      await store.run(store.batch([...events, { timestamp: events[0]!.timestamp }]));
    }
    const expected = (period: UserPeriod, type: string | undefined): Map<number, number> => {
      const users = new Map<number, Set<string>>();
      for (const { type: other, day, user } of seen) {
        if (type !== undefined && other !== type) continue;
        const start = firstDayOf(period, day) * DAY;
        users.set(start, (users.get(start) ?? new Set()).add(user));
      }
      return new Map(Array.from(users, ([time, { size }]) => [time, size]));
    };
    for (const period of ['day', 'week', 'month'] as const) {
      for (const type of ['page_view', 'error', undefined]) {
        const exact = expected(period, type);
        const counted = await count({ period, ...(type !== undefined && { type }) });
        expect(counted[0]!.time).toBe(Math.min(...exact.keys()));
        expect(counted.at(-1)!.time).toBe(Math.max(...exact.keys()));
        expect(counted).toHaveLength({ day: 89, week: 14, month: 3 }[period]);
        for (const { time, users } of counted) {
          const size = exact.get(time) ?? 0;
          expect(Math.abs(users - size)).toBeLessThanOrEqual(size === 0 ? 0 : Math.max(3, 5 * 0.0081 * size));
        }
      }
    }
  });

  it('counts a user of two types once over all, and events without a user never', async () => {
    await store.run(store.batch([{ userId: people.ada, timestamp: START }, { type: 'error', userId: people.ada, timestamp: START }, { type: 'custom', timestamp: START }]));
    expect(await count({ period: 'day' })).toEqual([{ time: START, users: 1 }]);
    expect(await count({ type: 'error', period: 'day' })).toEqual([{ time: START, users: 1 }]);
    expect(await count({ type: 'custom', period: 'day' })).toEqual([{ time: START, users: 0 }]);
    await store.run(store.batch([{ type: 'error', userId: people.bob, timestamp: START + DAY }]));
    expect(await count({ period: 'month' })).toEqual([{ time: START - 3 * DAY, users: 2 }]);
  });

  it('counts nobody again when a job is repeated, or an event', async () => {
    const job = store.batch([{ id: 'mine', userId: people.ada, timestamp: START }, { userId: people.bob, timestamp: START }]);
    await Promise.all([store.run(job), store.run(job)]);
    const before = await store.redis.dump(store.keys.event('page_view').users(FIRST_DAY));
    expect(await store.run(job)).toMatchObject({ stored: 0 });
    // It is not stored, so its day has no user.
    expect(await store.run(store.batch([{ id: 'mine', userId: people.ada, timestamp: START + DAY }]))).toMatchObject({ stored: 0, duplicates: 1 });
    expect(await store.redis.dump(store.keys.event('page_view').users(FIRST_DAY))).toBe(before);
    expect(await count({ period: 'day' })).toEqual([{ time: START, users: 2 }]);
    expect(await store.redis.exists(store.keys.event('page_view').users(FIRST_DAY + 1))).toBe(0);
  });

  it('counts whole periods from the one that startTime is in to the one that endTime is in', async () => {
    for (const day of [0, 2, 5]) await store.run(store.batch([{ userId: `u${day}`, timestamp: START + day * DAY }]));
    const users = async (startDay: number, endDay: number, period: UserPeriod) =>
      (await count({ period, startTime: START + startDay * DAY, endTime: START + endDay * DAY })).map(({ time, users: number }) => [(time - START) / DAY, number]);
    expect(await users(1.5, 2.1, 'day')).toEqual([[1, 0], [2, 1]]);
    expect(await users(-1, 0, 'day')).toEqual([[-1, 0], [0, 1]]);
    expect(await users(1, 3, 'week')).toEqual([[-4, 2], [3, 1]]);
    expect(await users(1, 1, 'month')).toEqual([[-3, 3]]);
    expect(await users(3, 2.9, 'day')).toEqual([]);
    expect(await count({ period: 'day', startTime: START + 6 * DAY })).toEqual([]);
  });

  it('hides days that are expired, and lets their keys expire', async () => {
    await store.run(store.batch([0, 1, 2].map((day) => ({ userId: people.ada, timestamp: START + day * DAY }))), { oldestKept: START });
    const retention = Date.now() - START;
    const expiresIn = await store.redis.pttl(store.keys.event('page_view').users(FIRST_DAY + 1));
    // A day after its last event, give or take the time that this test takes.
    expect(Math.abs(START + 3 * DAY + retention - Date.now() - expiresIn)).toBeLessThan(60_000);
    store.oldest.kept = START + DAY + HOUR;
    expect(await count({ period: 'day' })).toEqual([{ time: START + 2 * DAY, users: 1 }]);
    store.oldest.kept = START + DAY + HOUR - 1;
    expect(await count({ period: 'day', startTime: 0 })).toEqual([{ time: START + DAY, users: 1 }, { time: START + 2 * DAY, users: 1 }]);
    expect(await count({ period: 'month', startTime: 0 })).toEqual([{ time: START - 3 * DAY, users: 1 }]);
  });

  it('is empty where nothing was stored', async () => {
    expect(await count({ period: 'day' })).toEqual([]);
    expect(await count({ type: 'page_view', period: 'month', startTime: START, endTime: START })).toEqual([{ time: START - 3 * DAY, users: 0 }]);
  });

  it('refuses bad options, without a word of what was given', async () => {
    const trap = new Proxy({}, { ownKeys: () => { throw new Error('unknown_type'); } });
    const getter = { get period(): string { throw new Error('unknown_type'); } };
    const bad: unknown[] = [
      trap, getter,
      undefined, null, 'day', [], {}, { period: 'year' }, { period: 'day', type: 7 }, { period: 'day', type: 'unknown_type' }, { period: 'day', type: '__proto__' },
      { period: 'day', startTime: Number.NaN }, { period: 'day', endTime: Infinity }, { period: 'day', startTime: '0' }, { period: 'day', timezone: 'Europe/Rome' },
      { period: 'day', startTime: 0, endTime: 1e300 }, { period: 'day', startTime: -1e300, endTime: 8.64e15 }, { period: 'week', startTime: 1e300, endTime: 1e300 },
    ];
    await store.run(store.batch([{ timestamp: START }]));
    for (const options of bad) {
      const error = await count(options as CountUsersOptions).then(() => undefined, (reason: unknown) => reason);
      expect(error).toBeInstanceOf(ValidationError);
      expect((error as Error).message).not.toMatch(/unknown_type|__proto__|Rome|1e\+?300/);
    }
    expect(await count({ period: 'month', startTime: 1e300, endTime: 1e300 })).toEqual([]);
  });
});
