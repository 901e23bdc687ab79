import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { ValidationError } from '../../../src/errors/ValidationError.js';
import { eventIdAt } from '../../../src/codec/batchId.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createEventFixture, type EventFixture } from '../eventFixture.js';

const HOUR = 3_600_000;
const START = 480_000 * HOUR;

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

const times = async (options: Omit<Parameters<EventFixture['get']>[0], 'type'>): Promise<number[]> =>
  (await store.get({ type: 'page_view', ...options })).map((event) => event.timestamp - START);

describe('getEvents', () => {
  it('gives an event back as it was tracked, without the fields it did not have', async () => {
    const job = store.batch(
      [
        { id: 'mine', userId: 'u', sessionId: 's', properties: { page: '/a\n"b"' }, metadata: { os: 'x' }, timestamp: START },
        { timestamp: START + 1 },
      ],
      'critical',
    );
    expect(await store.run(job)).toEqual({ stored: 2, duplicates: 0, expired: 0, types: ['page_view'] });
    expect(await store.get({ type: 'page_view' })).toEqual([
      { id: eventIdAt(job.id, 1), type: 'page_view', priority: 'critical', properties: {}, timestamp: START + 1 },
      {
        id: 'mine',
        type: 'page_view',
        priority: 'critical',
        userId: 'u',
        sessionId: 's',
        properties: { page: '/a\n"b"' },
        metadata: { os: 'x' },
        timestamp: START,
      },
    ]);
    expect(await store.get({ type: 'error' })).toEqual([]);
  });

  it('gives the newest first, or the oldest first, across chunks that overlap and across hours', async () => {
    await store.run(store.batch([0, 20, 40, HOUR, HOUR + 5].map((ms) => ({ timestamp: START + ms }))));
    await store.run(store.batch([30, 10, HOUR + 3].map((ms) => ({ timestamp: START + ms }))));
    const inOrder = [0, 10, 20, 30, 40, HOUR, HOUR + 3, HOUR + 5];
    expect(await times({})).toEqual(inOrder.toReversed());
    expect(await times({ order: 'asc' })).toEqual(inOrder);
    expect(await times({ limit: 3, offset: 2 })).toEqual([HOUR, 40, 30]);
    expect(await times({ limit: 3, offset: 2, order: 'asc' })).toEqual([20, 30, 40]);
    expect(await times({ startTime: START + 10, endTime: START + 40 })).toEqual([40, 30, 20, 10]);
    expect(await times({ startTime: START + 41, endTime: START + 40 })).toEqual([]);
    expect(await times({ offset: 8 })).toEqual([]);
  });

  it('orders events of one time by the order in which they were stored', async () => {
    for (const first of [0, 10, 20]) {
      await store.run(store.batch([0, 1, 2].map((place) => ({ properties: { n: first + place }, timestamp: START }))));
    }
    const numbers = async (order: 'asc' | 'desc', limit = 100, offset = 0) =>
      (await store.get({ type: 'page_view', order, limit, offset })).map((event) => event.properties['n']);
    expect(await numbers('asc')).toEqual([0, 1, 2, 10, 11, 12, 20, 21, 22]);
    expect(await numbers('desc')).toEqual([22, 21, 20, 12, 11, 10, 2, 1, 0]);
    expect(await numbers('desc', 2, 2)).toEqual([20, 12]);
    expect(await numbers('asc', 2, 2)).toEqual([2, 10]);
  });

  it('filters by user, session and priority', async () => {
    await store.run(store.batch([{ userId: 'a', sessionId: '1', timestamp: START }, { userId: 'a', timestamp: START + 1 }, { timestamp: START + 2 }], 'low'));
    await store.run(store.batch([{ userId: 'b', sessionId: '1', timestamp: START + 3 }, { userId: 'a', timestamp: START + 4 }], 'high'));
    expect(await times({ userId: 'a' })).toEqual([4, 1, 0]);
    expect(await times({ sessionId: '1' })).toEqual([3, 0]);
    expect(await times({ userId: 'a', priority: 'low', limit: 1, offset: 1 })).toEqual([0]);
    expect(await times({ userId: 'nobody' })).toEqual([]);
  });

  it('hides what is older than the retention limit, in chunks that are partly expired too', async () => {
    await store.run(store.batch([0, 10, 20, HOUR].map((ms) => ({ timestamp: START + ms }))));
    store.oldest.kept = START + 10;
    expect(await times({})).toEqual([HOUR, 20, 10]);
    expect(await times({ order: 'asc', startTime: 0 })).toEqual([10, 20, HOUR]);
  });

  it('passes over a chunk that clean-up removed after the index was read', async () => {
    const job = store.batch([{ timestamp: START }]);
    await store.run(job);
    await store.run(store.batch([{ timestamp: START + 1 }]));
    const { chunks, time } = store.keys.event('page_view');
    const [oldest] = await store.redis.zrangeBuffer(time, '0', '0');
    await store.redis.hdel(chunks, oldest!.subarray(0, 16));
    expect(await times({})).toEqual([1]);
  });

  it('lists every bad option in one error that holds none of the values', async () => {
    // A caller without types can pass anything.
    const bad = { type: 'page_view', limit: 10_001, offset: -1, order: 'up', userId: '', startTime: Number.NaN, when: 'secret-value' } as never;
    const error = await store.get(bad).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).issues.map((issue) => issue.path).sort()).toEqual(['limit', 'offset', 'order', 'startTime', 'userId', 'when']);
    expect((error as Error).message).not.toContain('secret');
    await expect(store.get({ type: 'no_such_type' })).rejects.toThrow(ValidationError);
    await expect(store.get(undefined as never)).rejects.toThrow(ValidationError);
  });
});
