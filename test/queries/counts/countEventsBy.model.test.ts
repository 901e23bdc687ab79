import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';

import { countEventsBy } from '../../../src/queries/counts/countEventsBy.js';
import { cleanUp } from '../../../src/retention/cleanUp.js';
import { EventReader } from '../../../src/storage/EventReader.js';
import { createMergeFixture, type MergeFixture } from '../../merging/mergeFixture.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import type { Job } from '../eventFixture.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 26 October 2024, 22:00 UTC: midnight in Berlin, in the night in which its clocks go back. */
const START = 1_729_980_000_000;
const TYPES = ['page_view', 'error'];

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

/** A few hours, so that times meet in minutes and hours, and some days. */
const moment = fc.oneof(fc.integer({ min: 0, max: 4 * HOUR }), fc.integer({ min: 0, max: 3 * DAY }), fc.constantFrom(0, MINUTE - 1, MINUTE, HOUR - 1, HOUR, 2 * HOUR));
const event = fc.record({ type: fc.constantFrom(...TYPES), ms: moment });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('store' as const), events: fc.array(event, { minLength: 1, maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('repeat' as const), job: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('merge' as const), at: fc.integer({ min: 0, max: 4 * DAY }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), oldest: fc.integer({ min: 0, max: 2 * HOUR }), isCleaned: fc.boolean() }) },
);
const question = fc.record({
  type: fc.constantFrom(...TYPES, undefined),
  interval: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const),
  range: fc.option(fc.tuple(moment, moment), { nil: undefined }),
  timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata'),
});

function startOf(time: number, { interval, timezone }: { interval: 'minute' | 'hour' | 'day'; timezone: string }): number {
  if (interval === 'minute') return Math.floor(time / MINUTE) * MINUTE;
  const local = DateTime.fromMillis(time, { zone: timezone });
  // Not startOf('hour'): of the hour that comes twice it gives the first.
  return interval === 'day' ? local.startOf('day').toMillis() : time - (local.minute * MINUTE + local.second * 1000 + local.millisecond);
}

describe('countEventsBy', () => {
  it('agrees with counting events one by one, whatever was stored, repeated, merged and removed before', async () => {
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), fc.array(question, { minLength: 4, maxLength: 8 }), async (steps, questions) => {
        const store = await createMergeFixture(server.url);
        try {
          const events = await play(store, steps);
          for (const one of questions) await check(store, events, one);
          asked += questions.length;
        } finally {
          await store.close();
        }
      }),
      { numRuns: 40 },
    );
    expect(asked).toBeGreaterThanOrEqual(160);
  });

  it('counts every event once while chunks are merged and removed underneath', async () => {
    const store = await createMergeFixture(server.url);
    try {
      let stored = 0;
      const merging = new AbortController();
      const merges = (async () => {
        while (!merging.signal.aborted) await store.merge(START + 5 * DAY, { graceMs: 0 });
      })();
      const context = contextOf(store);
      for (let batch = 0; batch < 60; batch += 1) {
        await store.run(store.batch([0, 1, 2, 3, 4].map((place) => ({ timestamp: START + ((batch * 613 + place * 97) % 3600) * 1000 }))));
        stored += 5;
        const counts = await countEventsBy({ type: 'page_view', interval: 'minute' }, context);
        expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(stored);
      }
      merging.abort();
      await merges;
    } finally {
      await store.close();
    }
  });
});

function contextOf(store: MergeFixture) {
  const source = new EventReader({ redis: store.redis, keys: store.keys, secrets: store.keyRing.reading! });
  return {
    source,
    storedTypes: async () => store.redis.hkeys(store.keys.eventCatalogue),
    hourCounts: async (type: string) => source.hourCounts(type),
    isKnownType: () => true,
    oldestKept: () => store.oldest.kept,
    budgetMs: 10_000,
  };
}

interface Stored {
  readonly type: string;
  readonly time: number;
}

/** @returns the events that are kept */
async function play(store: MergeFixture, steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]): Promise<Stored[]> {
  let events: Stored[] = [];
  const jobs: Job[] = [];
  for (const one of steps) {
    if (one.kind === 'store') {
      const job = store.batch(one.events.map(({ type, ms }) => ({ type, timestamp: START + ms })));
      jobs.push(job);
      await store.run(job, { oldestKept: store.oldest.kept });
      events.push(...one.events.map(({ type, ms }) => ({ type, time: START + ms })).filter(({ time }) => time >= store.oldest.kept));
    } else if (one.kind === 'repeat' && jobs.length > 0) {
      await store.run(jobs[one.job % jobs.length]!, { oldestKept: store.oldest.kept });
    } else if (one.kind === 'merge') {
      await store.merge(START + one.at, { graceMs: 0 });
    } else if (one.kind === 'expire') {
      store.oldest.kept = Math.max(store.oldest.kept, START + one.oldest);
      const { kept } = store.oldest;
      events = events.filter(({ time }) => time >= kept);
      const limits = { retentionDays: () => 1, metricRetentionDays: 1, feedHours: 1 };
      if (one.isCleaned) await cleanUp({ redis: store.redis, keys: store.keys, now: () => kept + DAY }, limits);
    }
  }
  return events;
}

async function check(store: MergeFixture, events: readonly Stored[], asked: typeof question extends fc.Arbitrary<infer Question> ? Question : never): Promise<void> {
  const { type, interval, range, timezone } = asked;
  const [startTime, endTime] = range === undefined ? [undefined, undefined] : [START + range[0], START + range[1]];
  const expected = new Map<string, number>();
  for (const { type: other, time } of events) {
    if (type !== undefined && other !== type) continue;
    if (startTime !== undefined && (time < startTime || time > endTime!)) continue;
    const name = `${other} ${startOf(time, { interval, timezone })}`;
    expected.set(name, (expected.get(name) ?? 0) + 1);
  }
  const counts = await countEventsBy({ interval, timezone, ...(type !== undefined && { type }), ...(range !== undefined && { startTime, endTime }) }, contextOf(store));
  expect(new Map(counts.filter(({ count }) => count > 0).map(({ type: name, time, count }) => [`${name} ${time}`, count]))).toEqual(expected);
  expect(new Set(counts.map(({ type: name, time }) => `${name} ${time}`)).size).toBe(counts.length);
}
