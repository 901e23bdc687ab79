import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { decodeSeriesBlock } from '../../../src/codec/series/decodeSeriesBlock.js';
import { encodeSeriesBlock } from '../../../src/codec/series/encodeSeriesBlock.js';
import type { SeriesSamples } from '../../../src/codec/series/SeriesSamples.js';
import { AnalyticsError } from '../../../src/errors/AnalyticsError.js';

type Sample = readonly [time: number, value: number];

const HOUR = 480_000 * 3_600_000;
const ID = '0123456789abcdef';

function seriesOf(samples: readonly Sample[], seriesId = ID): SeriesSamples {
  return { seriesId, times: Float64Array.from(samples, ([time]) => time), values: Float64Array.from(samples, ([, value]) => value) };
}

function samplesOf({ times, values }: SeriesSamples): Sample[] {
  return Array.from(times, (time, place) => [time, values[place]!] as const);
}

/** By time, then by value, -0 before 0. */
function inOrder(samples: readonly Sample[]): Sample[] {
  return samples.toSorted(([oneTime, one], [otherTime, other]) => oneTime - otherTime || one - other || Number(Object.is(other, -0)) - Number(Object.is(one, -0)));
}

function roundTrip(series: readonly SeriesSamples[]): SeriesSamples[] {
  return decodeSeriesBlock(encodeSeriesBlock(series));
}

const anyTime = fc.oneof(
  fc.integer({ min: 0, max: 3_600_000 }).map((ms) => HOUR + ms),
  fc.constantFrom(HOUR, HOUR + 15_000, HOUR + 30_000),
  fc.maxSafeNat(),
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
);
const anyValue = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer().map((number) => number / 100),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 1, -1, 0.1, 0.1 + 0.2, Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 50, 2 ** 50 + 1, -(2 ** 50), 2 ** 53, 1e-12, 1e-13, 2 ** 32, 2 ** 31 - 0.5),
);
const samples = fc.array(fc.tuple(anyTime, anyValue), { maxLength: 40 });

describe('a block of series', () => {
  it('gives back any times and values to the last bit, those of one time too, by time and value', () => {
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 6 }), (given) => {
        const series = given.map((one, place) => seriesOf(one, place.toString(16).padStart(16, '0')));
        const decoded = roundTrip(series);
        expect(decoded.map(({ seriesId }) => seriesId)).toEqual(series.map(({ seriesId }) => seriesId));
        for (const [place, one] of decoded.entries()) expect(samplesOf(one)).toEqual(inOrder(given[place]!));
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 500) },
    );
  });

  it('gives back columns of one kind, as real series have them', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 2 ** 31 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 0, max: 40 }), (increments, digits, interval, jitter) => {
        let sum = 0;
        const counter = increments.map((step, row): Sample => [HOUR + row * interval + ((row * 7919) % (jitter + 1)), (sum += step) / 10 ** digits]);
        const gauge = increments.map((step, row): Sample => [HOUR + row * interval, (step % 10_000) / 10 ** digits]);
        const decoded = roundTrip([seriesOf(counter, '00000000000000aa'), seriesOf(gauge, '00000000000000bb'), seriesOf(gauge, '00000000000000cc')]);
        expect(decoded.map(samplesOf)).toEqual([inOrder(counter), gauge, gauge]);
        // One scrape's series share their times.
        expect(decoded[2]!.times).toBe(decoded[1]!.times);
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 200) },
    );
  });

  it('keeps values that are the same throughout in no more than its header', () => {
    const constant = Array.from({ length: 4000 }, (_, row): Sample => [HOUR + row * 15_000, 97.25]);
    expect(encodeSeriesBlock([seriesOf(constant)]).length).toBeLessThan(48);
  });

  it('says what is wrong with bytes that it cannot have written, and nothing else', () => {
    const good = encodeSeriesBlock([seriesOf([[HOUR, 12.34], [HOUR + 5, -7.5]]), seriesOf([[HOUR, 0.1 + 0.2]], 'ffffffffffffffff')]);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => Buffer.from(good).fill(byte, at, at + 1)), fc.nat(good.length).map((end) => good.subarray(0, end))), (bytes) => {
        try {
          decodeSeriesBlock(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(AnalyticsError);
          expect(error).toMatchObject({ code: 'STORE_INCONSISTENT' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
