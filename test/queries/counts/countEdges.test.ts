import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';

import { CountBuckets } from '../../../src/queries/counts/CountBuckets.js';
import { countEdges } from '../../../src/queries/counts/countEdges.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Half hours, a clock that changes by half an hour, at midnight, over the date line, and never. */
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Africa/Cairo', 'Pacific/Apia', 'America/St_Johns'];

const zone = fc.constantFrom(...ZONES);
/** 1990 to 2035, often near a change of clock. */
const time = fc.oneof(
  fc.integer({ min: 631_152_000_000, max: 2_051_222_400_000 }),
  fc.constantFrom(1_711_846_800_000, 1_729_990_800_000, 1_325_239_200_000, 1_540_695_600_000, 1_712_415_600_000).chain((at) => fc.integer({ min: at - 2 * DAY, max: at + 2 * DAY })),
);
const length = fc.integer({ min: 0, max: 5 * DAY });

describe('countEdges', () => {
  it.each(['minute', 'hour', 'day'] as const)('cuts time into buckets of a %s that leave nothing out and do not overlap', (interval) => {
    fc.assert(
      fc.property(zone, time, length, (timeZone, start, span) => {
        const edges = countEdges(interval, start, start + span, timeZone, 100_000)!;
        expect(edges[0]!).toBeLessThanOrEqual(start);
        expect(edges[1]!).toBeGreaterThan(start);
        expect(edges.at(-1)!).toBeGreaterThan(start + span);
        expect(edges.at(-2)!).toBeLessThanOrEqual(start + span);
        const longest = { minute: 60_000, hour: HOUR, day: 25 * HOUR }[interval];
        // One expectation: there are thousands of buckets.
        expect(edges.subarray(1).every((edge, place) => edge > edges[place]! && edge - edges[place]! <= longest)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('begins days and hours where the clocks of the zone do', () => {
    fc.assert(
      fc.property(zone, time, (timeZone, at) => {
        const local = (ms: number) => DateTime.fromMillis(ms, { zone: timeZone });
        const [day] = countEdges('day', at, at, timeZone, 10)!;
        expect(local(day!).toISODate()).toBe(local(at).toISODate());
        expect(local(day! - 1).toISODate()).not.toBe(local(at).toISODate());
        for (const hour of countEdges('hour', at, at + 3 * HOUR, timeZone, 10)!) {
          // Right after clocks went on by half an hour an hour begins at its half.
          if (timeZone !== 'Australia/Lord_Howe') expect(local(hour).minute).toBe(0);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('gives up where there would be too many', () => {
    for (const interval of ['minute', 'hour', 'day'] as const) {
      for (const timeZone of ['UTC', 'Europe/Berlin']) expect(countEdges(interval, 0, 8.6e15, timeZone, 100_000)).toBeUndefined();
    }
    expect(countEdges('minute', 0, 10 * 60_000, 'UTC', 10)).toBeUndefined();
    expect(countEdges('minute', 0, 10 * 60_000 - 1, 'UTC', 10)).toHaveLength(11);
  });
});

describe('CountBuckets', () => {
  it('finds the bucket of a time or a span, if it lies in one and in the range', () => {
    const buckets = new CountBuckets(Float64Array.of(0, 10, 15, 40), 3, 30);
    expect([2, 3, 9, 10, 14, 15, 30, 31].map((at) => buckets.bucketOf(at))).toEqual([undefined, 0, 0, 1, 1, 2, 2, undefined]);
    expect(buckets.bucketOf(15, 30)).toBe(2);
    expect([[9, 10], [2, 4], [29, 31], [0, 40]].map(([from, to]) => buckets.bucketOf(from!, to))).toEqual(Array.from({ length: 4 }));
    expect([[0, 2], [0, 3], [30, 50], [31, 50]].map(([from, to]) => buckets.touches(from!, to!))).toEqual([false, true, true, false]);
  });
});
