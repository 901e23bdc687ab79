import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';

import { connect } from '../../src/redis/connect.js';
import { cleanUp, type CleanupLimits } from '../../src/retention/cleanUp.js';
import { readCleanupStatus } from '../../src/retention/cleanupStatus.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { EventStore } from '../../src/storage/EventStore.js';
import { MetricStore } from '../../src/storage/MetricStore.js';
import { seenMark } from '../../src/storage/SeenMark.js';
import { SEEN_RECORD_BYTES } from '../../src/storage/seenBucket.js';
import { seriesIdOf } from '../../src/storage/seriesTags.js';
import { chunkOf } from '../merging/mergeFixture.js';
import { createEventFixture, type EventFixture, type GivenEvent } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const DAY_MS = 24 * HOUR_MS;
const now = Date.UTC(2026, 6, 15, 12, 30);
const limits: CleanupLimits = { retentionDays: (type) => (type === 'security' ? 100 : 30), metricRetentionDays: 30, feedHours: 24 };
const limitAt = now - 30 * DAY_MS;
const nothing = { eventChunks: 0, events: 0, metricChunks: 0, samples: 0, rollups: 0, seenMarks: 0, feedEntries: 0, tagSets: 0, metrics: 0, orphanKeys: 0 };

let server: TestRedis;
let fixture: EventFixture;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  fixture = await createEventFixture(server.url, { deepOffset: 0 });
});
afterEach(async () => fixture.close());

const clean = async (more: Partial<CleanupLimits> = {}, at = now) =>
  cleanUp({ redis: fixture.redis, keys: fixture.keys, now: () => at }, { ...limits, ...more });
const track = async (...events: GivenEvent[]) => fixture.run(fixture.batch(events));
const timesOf = async (type: string) => (await fixture.get({ type, order: 'asc', limit: 10_000 })).map(({ timestamp }) => timestamp);

/** What the counts say, held against what the chunks hold. */
async function checkCounts(type: string): Promise<void> {
  const { redis, keys } = fixture;
  const counted = new Map<number, number>();
  for await (const entry of fixture.reader.index(type, { from: -Infinity, to: Infinity, order: 'asc' })) {
    const [chunk] = await fixture.reader.load(type, [entry], 'all');
    expect(chunk).toBeDefined();
    counted.set(entry.hour, (counted.get(entry.hour) ?? 0) + chunk!.count);
  }
  expect(await fixture.reader.hourCounts(type)).toEqual(counted);
  const series = keys.event(type);
  expect(await redis.hlen(series.chunks)).toBe(await redis.zcard(series.time));
  expect(await redis.hlen(series.dataKeys)).toBe(await redis.hlen(series.chunks));
}

describe('cleanUp of events', () => {
  it('removes what is wholly expired with all that belongs to it, and keeps the rest', async () => {
    await track({ timestamp: limitAt - 3 * DAY_MS }, { timestamp: limitAt - 3 * DAY_MS + 5 }, { timestamp: limitAt - 1 });
    await track({ timestamp: limitAt }, { timestamp: now });
    const report = await clean();
    expect(report).toMatchObject({ eventChunks: 2, events: 3 });
    expect(await timesOf('page_view')).toEqual([limitAt, now]);
    await checkCounts('page_view');
  });

  it('keeps a chunk that is partly expired, with exact counts, and hides what is expired in it', async () => {
    await track({ timestamp: limitAt - 60_000 }, { timestamp: limitAt + 60_000 });
    await track({ timestamp: limitAt - 50_000 });
    expect(await clean()).toMatchObject({ eventChunks: 1, events: 1 });
    await checkCounts('page_view');
    fixture.oldest.kept = limitAt;
    expect(await timesOf('page_view')).toEqual([limitAt + 60_000]);
    expect(await fixture.get({ type: 'page_view', offset: 1 })).toEqual([]);
    expect(await clean({}, now + 60_001)).toMatchObject({ eventChunks: 1, events: 2 });
    await checkCounts('page_view');
  });

  it('keeps each type as long as is said of it', async () => {
    const timestamp = now - 60 * DAY_MS;
    await track({ timestamp }, { timestamp, type: 'security' });
    expect(await clean()).toMatchObject({ events: 1 });
    expect([await timesOf('page_view'), await timesOf('security')]).toEqual([[], [timestamp]]);
  });

  it('does nothing the second time', async () => {
    await track({ id: 'given', timestamp: limitAt - 1 }, { timestamp: now });
    expect(await clean()).not.toEqual(nothing);
    const before = await snapshot();
    expect(await clean()).toEqual(nothing);
    expect(await snapshot()).toEqual(before);
  });

  it('goes on with offsets and feed where they were when all events are gone', async () => {
    await track({ timestamp: limitAt - 2 }, { timestamp: limitAt - 1 });
    const counts = fixture.keys.event('page_view').counts;
    const epoch = await fixture.redis.hget(counts, 'epoch');
    await clean({}, now + 3 * DAY_MS);
    expect(await fixture.redis.hgetall(counts)).toEqual({ offset: '2', epoch });
    await track({ timestamp: now });
    expect(await fixture.redis.hgetall(counts)).toMatchObject({ offset: '3', epoch });
  });

  it('stays exact beside writers and beside itself', async () => {
    const jobs = Array.from({ length: 120 }, (_, n) =>
      fixture.batch([{ timestamp: limitAt - 1 - n * 1000 }, { timestamp: limitAt + n * 1000 }, { timestamp: now - n * HOUR_MS }]),
    );
    let writing = true;
    const cleaners = [1, 2, 3].map(async () => {
      const { redis, keys } = fixture;
      const own = connect(server.url, 'patient', 'cleaner', () => undefined);
      let removed = 0;
      while (writing) removed += (await cleanUp({ redis: own, keys, now: () => now }, limits)).events;
      own.disconnect();
      expect(redis.status).toBe('ready');
      return removed;
    });
    await Promise.all(jobs.map(async (job) => fixture.run(job)));
    writing = false;
    const removed = (await Promise.all(cleaners)).reduce((sum, count) => sum + count, 0) + (await clean()).events;
    fixture.oldest.kept = limitAt;
    expect((await timesOf('page_view')).length).toBe(240);
    fixture.oldest.kept = -Infinity;
    expect(removed + (await timesOf('page_view')).length).toBe(360);
    await checkCounts('page_view');
  });

  it('ends between two steps when told to, and the next one completes it', async () => {
    const old = Array.from({ length: 250 }, (_, n) => fixture.batch([{ timestamp: limitAt - 1 - n * DAY_MS }]));
    for (const job of old) await fixture.run(job);
    const stop = new AbortController();
    const steps = stepsUntil(1, () => stop.abort());
    await expect(cleanUp({ redis: steps, keys: fixture.keys, now: () => now }, { ...limits, signal: stop.signal })).rejects.toThrow('abort');
    const left = await fixture.redis.zcard(fixture.keys.event('page_view').time);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(250);
    expect(await readCleanupStatus(fixture.redis, fixture.keys)).toBeUndefined();
    expect(await clean()).toMatchObject({ eventChunks: left });
  });

  it('cleans the other types when the keys of one hold something else, and says so', async () => {
    await track({ timestamp: limitAt - 1 }, { timestamp: limitAt - 1, type: 'error' });
    await fixture.redis.del(fixture.keys.event('error').time);
    await fixture.redis.set(fixture.keys.event('error').time, 'not an index');
    await expect(clean()).rejects.toMatchObject({ code: 'STORE_INCONSISTENT' });
    expect(await timesOf('page_view')).toEqual([]);
    expect(await fixture.redis.hlen(fixture.keys.event('error').chunks)).toBe(1);
  });

  it('removes what a write that failed half way has left in the index', async () => {
    await track({ timestamp: limitAt - 2000 });
    const keys = fixture.keys.event('page_view');
    const [entry] = await fixture.redis.zrangeBuffer(keys.time, '0', '0');
    const other = Buffer.concat([randomBytes(16), entry!.subarray(16)]);
    await fixture.redis.zadd(keys.time, String(limitAt - 1000), other);
    await fixture.redis.hset(keys.dataKeys, other.subarray(0, 16), 'key');
    expect(await clean()).toMatchObject({ eventChunks: 1, events: 1 });
    expect(await fixture.redis.exists(keys.time, keys.dataKeys, keys.chunks)).toBe(0);
  });

  it('writes down when it finished and what it removed', async () => {
    await track({ timestamp: limitAt - 1 });
    const report = await clean();
    expect(await readCleanupStatus(fixture.redis, fixture.keys)).toEqual({ finishedAt: now, durationMs: 0, report });
  });
});

describe('cleanUp of remembered ids', () => {
  const keysOfMarks = () => [fixture.keys.event('page_view').seen, fixture.keys.event('page_view').batches] as const;
  const bytesOf = async (key: string) => {
    const fields = Object.entries(await fixture.redis.hgetallBuffer(key));
    return fields.reduce((sum, [field, { length }]) => sum + (field === 'n' ? 0 : length), 0);
  };
  const marks = async () => {
    const [seen, batches] = keysOfMarks();
    return (await bytesOf(seen)) / SEEN_RECORD_BYTES.event + (await bytesOf(batches)) / SEEN_RECORD_BYTES.batch;
  };
  /** Leaves 100 marks of ids that are as many days old. */
  const leaveMarks = async (daysAgo: number) => {
    const secrets = fixture.keyRing.reading!; // made from a master key
    const ids = Array.from({ length: 100 }, () => randomBytes(8).toString('hex'));
    await new EventStore(fixture.redis, fixture.keys, secrets).store(
      [{ ...chunkOf(now), marks: ids.map((id) => seenMark(secrets.fingerprints, 'both', 'event', id)) }],
      now - daysAgo * DAY_MS,
    );
  };

  it('remembers an id as long as an event with it may be repeated, and not longer', async () => {
    const today = Date.now();
    await track({ id: 'given', timestamp: today });
    const stored = await marks();
    const lastMoment = (Math.floor(today / DAY_MS) + 32) * DAY_MS + DAY_MS - 1;
    expect(await clean({}, lastMoment)).toMatchObject({ events: 1, seenMarks: 0 });
    expect(await marks()).toBe(stored);
    expect(await clean({}, lastMoment + 1)).toMatchObject({ seenMarks: stored });
    expect(await marks()).toBe(0);
  });

  it('removes a day’s marks from all buckets in steps, once a day, and joins the buckets that are left', async () => {
    const [key] = keysOfMarks();
    for (let n = 0; n < 60; n += 1) await leaveMarks(n % 10 === 0 ? 32 : 33);
    expect(await bytesOf(key)).toBe(6000 * SEEN_RECORD_BYTES.event);
    const buckets = Number(await fixture.redis.hget(key, 'n'));
    expect(buckets).toBeGreaterThan(6000 / 32);
    expect(await clean()).toMatchObject({ seenMarks: 5400 });
    expect(await bytesOf(key)).toBe(600 * SEEN_RECORD_BYTES.event);
    expect(Number(await fixture.redis.hget(key, 'n'))).toBe(Math.ceil(600 / 16));
    await leaveMarks(40);
    expect(await clean()).toMatchObject({ seenMarks: 0 });
    expect(await clean({}, now + DAY_MS)).toMatchObject({ seenMarks: 700 });
    expect(await fixture.redis.exists(key)).toBe(0);
  });
});

describe('cleanUp of feeds', () => {
  const feed = () => fixture.keys.event('page_view').feed;
  const add = async (from: number, to: number, at: number) => {
    for (let n = from; n <= to; n += 1) await fixture.redis.xadd(feed(), `${n * 10}-0`, 'c', randomBytes(16), 'n', '10', 'at', String(at + n), 'u', '');
  };
  const ids = async () => (await fixture.redis.xrange(feed(), '-', '+')).map(([id]) => id);
  beforeEach(async () => {
    await fixture.redis.hset(fixture.keys.eventCatalogue, 'page_view', '1');
  });

  it('removes entries older than the window, in steps, and never the feed itself', async () => {
    await add(1, 450, now - 25 * HOUR_MS);
    await add(451, 452, now - 23 * HOUR_MS);
    expect(await clean()).toMatchObject({ feedEntries: 450 });
    expect(await ids()).toEqual(['4510-0', '4520-0']);
    expect(await clean({}, now + 2 * HOUR_MS)).toMatchObject({ feedEntries: 2 });
    expect(await fixture.redis.xinfo('STREAM', feed())).toEqual(expect.arrayContaining(['last-generated-id', '4520-0']));
  });

  it('bounds the length of a feed whatever its age', async () => {
    await add(1, 450, now - HOUR_MS);
    expect(await clean({ feedEntries: 130 })).toMatchObject({ feedEntries: 320 });
    expect((await ids())[0]).toBe('3210-0');
  });
});

describe('cleanUp of metrics', () => {
  const name = 'api_response_time';
  const store = async (timestamp: number, tags: Record<string, string> = { method: 'GET' }, to = new MetricStore(fixture.redis, fixture.keys, fixture.keyRing.reading!, { seriesLimit: 100 })) => {
    const id = seriesIdOf(name, JSON.stringify(tags), fixture.keyRing.reading!);
    await to.store([
      { name, hour: Math.floor(timestamp / HOUR_MS), chunkId: randomBytes(16), series: new Map([[id, { tags, times: [timestamp, timestamp], values: [1, 2] }]]), leftOut: 0 },
    ]);
  };

  it('removes expired samples, and counts by hour stay exact', async () => {
    await store(limitAt - 1);
    await store(now);
    expect(await clean()).toMatchObject({ metricChunks: 1, samples: 2, metrics: 0 });
    const keys = fixture.keys.metric(name);
    const hour = Math.floor(now / HOUR_MS);
    expect(await fixture.redis.hgetall(keys.counts)).toEqual({ [hour]: '2', [`s${hour}`]: '1', changes: '1', erased: '0' });
    expect(await fixture.redis.hlen(keys.tags)).toBe(1);
  });

  it('removes the tags of series that have no samples left, and keeps those that have', async () => {
    for (const session of ['a', 'b']) await store(limitAt - HOUR_MS, { session });
    await store(limitAt - HOUR_MS, { session: 'c' });
    await store(now, { session: 'c' });
    await store(limitAt - 2 * HOUR_MS, { session: 'c' });
    expect(await clean()).toMatchObject({ metricChunks: 4, tagSets: 2, metrics: 0 });
    expect(await fixture.redis.hkeys(fixture.keys.metric(name).tags)).toHaveLength(1);
  });

  it('finds a metric again that had no samples for a while, whoever stores them', async () => {
    const long = new MetricStore(fixture.redis, fixture.keys, fixture.keyRing.reading!, { seriesLimit: 100 });
    await store(limitAt - 1, {}, long);
    expect(await clean()).toMatchObject({ metrics: 1 });
    await store(now - HOUR_MS, {}, long);
    expect(await clean({}, now + 31 * DAY_MS)).toMatchObject({ samples: 2, metrics: 1 });
  });

  it('takes a metric without samples off the list, with its tags, and leaves nothing of it', async () => {
    await store(limitAt - 1, { method: 'GET' });
    await store(limitAt - 2, { method: 'POST' });
    expect(await clean()).toMatchObject({ metricChunks: 2, samples: 4, tagSets: 2, metrics: 1 });
    // How often keys were used stays: it is what bounds their use.
    expect((await fixture.redis.keys(`${fixture.keys.prefix}*`)).sort()).toEqual([fixture.keys.cleanupStatus, fixture.keys.keyUses].sort());
    expect(await clean()).toEqual(nothing);
  });
});

async function snapshot(): Promise<Record<string, string>> {
  const { redis, keys } = fixture;
  const names = (await redis.keys(`${keys.prefix}*`)).filter((name) => name !== keys.cleanupStatus);
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await redis.dumpBuffer(name))!.toString('base64')] as const)));
}

/** The connection, that calls `then` once `count` scripts were answered. */
function stepsUntil(count: number, then: () => void): EventFixture['redis'] {
  let left = count;
  return new Proxy(fixture.redis, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property === 'callBuffer' && left-- === 0) then();
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
