import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DateTime } from 'luxon';

import { BudgetError } from '../../../src/errors/BudgetError.js';
import { ValidationError } from '../../../src/errors/ValidationError.js';
import { countEventsBy, type CountEventsByOptions } from '../../../src/queries/counts/countEventsBy.js';
import { EventReader } from '../../../src/storage/EventReader.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createEventFixture, type EventFixture } from '../eventFixture.js';
import { people } from '../../support/witness/people.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 4 October 2024, a Friday. */
const START = 20_000 * DAY;

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

const source = () => new EventReader({ redis: store.redis, keys: store.keys, secrets: store.keyRing.reading!, cacheBytes: 0 });
const countWith = async (options: CountEventsByOptions, reader: Pick<EventReader, 'hour' | 'load'>) =>
  countEventsBy(options, {
    source: reader,
    storedTypes: async () => store.redis.hkeys(store.keys.eventCatalogue),
    hourCounts: async (type) => source().hourCounts(type),
    isKnownType: (type) => ['page_view', 'error', 'custom'].includes(type),
    oldestKept: () => store.oldest.kept,
    budgetMs: 10_000,
  });
const count = async (options: CountEventsByOptions) => countWith(options, source());
const numbers = async (options: CountEventsByOptions) => (await count(options)).map((one) => [one.time - START, one.count]);

describe('countEventsBy', () => {
  it('counts by minute, hour and day, with the empty ones between', async () => {
    await store.run(store.batch([0, 1, MINUTE, 3 * MINUTE - 1, HOUR, DAY + HOUR].map((ms) => ({ timestamp: START + ms }))));
    expect(await numbers({ type: 'page_view', interval: 'minute', endTime: START + 4 * MINUTE })).toEqual([[0, 2], [MINUTE, 1], [2 * MINUTE, 1], [3 * MINUTE, 0], [4 * MINUTE, 0]]);
    const hours = await numbers({ type: 'page_view', interval: 'hour' });
    expect(hours).toHaveLength(26);
    expect(hours.filter(([, events]) => events !== 0)).toEqual([[0, 4], [HOUR, 1], [DAY + HOUR, 1]]);
    expect(await numbers({ type: 'page_view', interval: 'day' })).toEqual([[0, 5], [DAY, 1]]);
  });

  it('counts what lies in the range and nothing else, at both of its ends', async () => {
    await store.run(store.batch([0, 10, 20, HOUR, HOUR + 10, 2 * HOUR].map((ms) => ({ timestamp: START + ms }))));
    const between = async (from: number, to: number, interval: 'hour' | 'day' = 'hour') => numbers({ type: 'page_view', interval, startTime: START + from, endTime: START + to });
    expect(await between(10, HOUR)).toEqual([[0, 2], [HOUR, 1]]);
    expect(await between(11, HOUR - 1)).toEqual([[0, 1]]);
    expect(await between(10, 2 * HOUR, 'day')).toEqual([[0, 5]]);
    expect(await between(-DAY, HOUR - 1, 'day')).toEqual([[-DAY, 0], [0, 3]]);
    expect(await between(0.5, 10.5)).toEqual([[0, 1]]);
    expect(await between(11, 10)).toEqual([]);
    expect(await between(3 * HOUR, 4 * HOUR)).toEqual([[3 * HOUR, 0], [4 * HOUR, 0]]);
  });

  it('gives each type by itself when none is given', async () => {
    await store.run(store.batch([{ timestamp: START }, { type: 'error', timestamp: START + HOUR }, { type: 'error', timestamp: START + HOUR }]));
    expect((await count({ interval: 'hour' })).sort((one, other) => one.type.localeCompare(other.type) || one.time - other.time)).toEqual([
      { type: 'error', time: START, count: 0 },
      { type: 'error', time: START + HOUR, count: 2 },
      { type: 'page_view', time: START, count: 1 },
      { type: 'page_view', time: START + HOUR, count: 0 },
    ]);
    expect(await count({ interval: 'hour', startTime: START + HOUR, endTime: START + HOUR })).toEqual([{ type: 'error', time: START + HOUR, count: 2 }]);
    expect(await count({ interval: 'hour', startTime: START + 5 * HOUR, endTime: START + 9 * HOUR })).toEqual([]);
  });

  it('counts by the days and hours of a time zone', async () => {
    const zone = 'Europe/Berlin';
    const at = (text: string) => DateTime.fromISO(text, { zone }).toMillis();
    // The clocks went back on 27 October 2024.
    const times = ['2024-10-26T23:59', '2024-10-27T00:00', '2024-10-27T23:59', '2024-10-28T00:00'].map(at);
    await store.run(store.batch(times.map((timestamp) => ({ timestamp }))));
    const days = await count({ type: 'page_view', interval: 'day', timezone: zone });
    expect(days.map((one) => [one.time, one.count])).toEqual([[at('2024-10-26'), 1], [at('2024-10-27'), 2], [at('2024-10-28'), 1]]);
    expect(days[2]!.time - days[1]!.time).toBe(25 * HOUR);
    expect(await count({ type: 'page_view', interval: 'hour', timezone: zone })).toHaveLength(27);
    const hours = await count({ type: 'page_view', interval: 'hour', timezone: 'Asia/Kolkata', endTime: times[1]! });
    expect(hours.map((one) => [(one.time % HOUR) / MINUTE, one.count])).toEqual([[30, 2]]);
  });

  it('hides what is expired to the millisecond', async () => {
    await store.run(store.batch([0, 10, 20, HOUR].map((ms) => ({ timestamp: START + ms }))));
    store.oldest.kept = START + 11;
    for (const startTime of [undefined, 0, START + 5]) {
      expect(await numbers({ type: 'page_view', interval: 'hour', ...(startTime !== undefined && { startTime }) })).toEqual([[0, 1], [HOUR, 1]]);
    }
    store.oldest.kept = START + 2 * HOUR;
    expect(await count({ type: 'page_view', interval: 'minute' })).toEqual([]);
    expect(await count({ interval: 'day' })).toEqual([]);
  });

  it('opens only chunks that lie in several buckets, and of these reads only the times', async () => {
    await store.run(store.batch([0, MINUTE].map((ms) => ({ timestamp: START + ms }))));
    for (let second = 0; second < 50; second += 1) await store.run(store.batch([{ timestamp: START + second * 1000 }]));
    const reader = source();
    expect((await countWith({ type: 'page_view', interval: 'minute' }, reader)).map((one) => one.count)).toEqual([51, 1]);
    expect(reader.counts.opened).toBe(1);
    await countWith({ type: 'page_view', interval: 'day' }, reader);
    expect(reader.counts.opened).toBe(1);
  });

  it('reads an hour again when a chunk is gone since its index was read, and counts nothing twice', async () => {
    for (let batch = 0; batch < 3; batch += 1) await store.run(store.batch([0, MINUTE].map((ms) => ({ timestamp: START + ms }))));
    const reader = source();
    let loads = 0;
    const flaky: Pick<EventReader, 'hour' | 'load'> = {
      hour: async (type, hour) => reader.hour(type, hour),
      load: async (type, entries, columns) => {
        loads += 1;
        const tables = await reader.load(type, entries, columns);
        return loads < 3 ? tables.with(1, undefined) : tables;
      },
    };
    expect((await countWith({ type: 'page_view', interval: 'minute' }, flaky)).map((one) => one.count)).toEqual([3, 3]);
    expect(loads).toBe(3);
  });

  it('counts what passes a filter, of one type or of each', async () => {
    await store.run(store.batch([0, 1, 2, 3].map((n) => ({ userId: n % 2 === 0 ? people.ada : people.bob, properties: { n }, timestamp: START + n * 30 * MINUTE }))));
    await store.run(store.batch([{ type: 'error', userId: people.ada, timestamp: START + HOUR }]));
    expect(await numbers({ type: 'page_view', interval: 'hour', userId: people.ada })).toEqual([[0, 1], [HOUR, 1]]);
    expect(await numbers({ type: 'page_view', interval: 'minute', userId: people.bob, endTime: START + 31 * MINUTE })).toEqual([[30 * MINUTE, 1], [31 * MINUTE, 0]]);
    expect(await numbers({ type: 'page_view', interval: 'day', where: { field: 'properties.n', gte: 1 } })).toEqual([[0, 3]]);
    expect((await count({ interval: 'day', userId: people.ada })).map(({ type, count: events }) => `${type} ${events}`).sort()).toEqual(['error 1', 'page_view 2']);
    expect(await count({ interval: 'day', userId: 'nobody' })).toEqual([]);
  });

  it('says so when its budget is used up', async () => {
    for (let batch = 0; batch < 3; batch += 1) await store.run(store.batch([0, MINUTE].map((ms) => ({ timestamp: START + ms }))));
    await expect(count({ type: 'page_view', interval: 'minute', budget: { events: 3 } })).rejects.toThrow(BudgetError);
    // Whole hours are counted without looking at their events.
    expect(await count({ type: 'page_view', interval: 'hour', budget: { events: 1 } })).toHaveLength(1);
  });

  it('refuses bad options, without a word of what was given', async () => {
    const trap = new Proxy({}, { ownKeys: () => { throw new Error('unknown_type'); } });
    const getter = { get interval(): string { throw new Error('unknown_type'); } };
    const bad: unknown[] = [
      trap, getter,
      undefined, null, 'hour', [], {}, { interval: 'week' }, { interval: 'day', type: 7 }, { interval: 'day', type: 'unknown_type' },
      { interval: 'day', timezone: 'Mars/Olympus' }, { interval: 'day', timezone: '' }, { interval: 'day', timezone: 7 }, { interval: 'day', startTime: Number.NaN },
      { interval: 'day', endTime: Infinity }, { interval: 'day', limit: 7 }, { interval: 'day', where: 7 }, { interval: 'day', userId: '' }, { interval: 'day', budget: { events: 0 } }, { interval: 'minute', startTime: START, endTime: START + 70 * DAY },
      { interval: 'day', startTime: 0, endTime: 1e300 }, { interval: 'hour', endTime: 8.64e15, timezone: 'Asia/Tokyo' }, { interval: 'day', startTime: 5, endTime: 8.64e15, timezone: 'Asia/Tokyo' },
    ];
    await store.run(store.batch([{ timestamp: START }]));
    for (const options of bad) {
      const error = await count(options as CountEventsByOptions).then(() => undefined, (reason: unknown) => reason);
      expect(error).toBeInstanceOf(ValidationError);
      expect((error as Error).message).not.toMatch(/unknown_type|Olympus|Tokyo/);
    }
    for (const time of [8.64e15, 1e300]) expect(await count({ type: 'page_view', interval: 'day', startTime: time, endTime: time })).toEqual([]);
  });
});
