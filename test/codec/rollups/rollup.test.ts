import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { encodeRollup } from '../../../src/codec/rollups/encodeRollup.js';
import { StoredRollup } from '../../../src/codec/rollups/StoredRollup.js';
import { sortSamples } from '../../../src/codec/series/sortSamples.js';
import { AnalyticsError } from '../../../src/errors/AnalyticsError.js';
import type { RollupTable } from '../../../src/insights/aggregation/RollupTable.js';
import { rollUp } from '../../../src/insights/aggregation/rollUp.js';

const MINUTE = 60_000;
const START = 480_000 * 60 * MINUTE;

const value = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -10_000, max: 100_000 }).map((number) => number / 100) },
  fc.integer({ min: 0, max: 1000 }),
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
);
const decimals = fc.integer({ min: -10_000, max: 100_000 }).map((number) => number / 100);
const time = fc.integer({ min: START, max: START + 60 * MINUTE - 1 });
const seriesOf = (values: fc.Arbitrary<number>) => fc.array(fc.record({ time, value: values }), { minLength: 1, maxLength: 80 });
const lists = fc.oneof(fc.array(seriesOf(decimals), { minLength: 1, maxLength: 4 }), fc.array(seriesOf(value), { maxLength: 4 }));

function tableOf(list: readonly (readonly { readonly time: number; readonly value: number }[])[], width: number, withSketches: boolean): RollupTable {
  const series = list.map((samples, place) => {
    const [times, values] = sortSamples(Float64Array.from(samples, (sample) => sample.time), Float64Array.from(samples, (sample) => sample.value));
    return { seriesId: place.toString(16).padStart(16, '0'), times, values };
  });
  return rollUp(series, { start: START, width, withSketches });
}

describe('a stored rollup', () => {
  it('holds what was rolled up, to the last bit', () => {
    fc.assert(
      fc.property(lists, fc.constantFrom(MINUTE, 60 * MINUTE), fc.boolean(), (list, width, withSketches) => {
        const table = tableOf(list, width, withSketches);
        const { squares, ...stored } = new StoredRollup(Buffer.from(encodeRollup(table))).toTable();
        const { squares: expected, ...rest } = table;
        expect(stored).toEqual(rest);
        // Nearer to the true ones than what was computed.
        for (const [row, square] of squares.entries()) {
          if (Number.isFinite(expected[row])) expect(Math.abs(square - expected[row]!)).toBeLessThanOrEqual(1e-9 * Math.max(1, expected[row]!));
          else expect(square).toBe(expected[row]);
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 150) },
    );
  });

  it('refuses bytes that were changed or cut off', () => {
    const bytes = encodeRollup(tableOf([[{ time: START, value: 1.5 }, { time: START + MINUTE, value: 7 }]], MINUTE, true));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (place, change, isCut) => {
        const broken = Buffer.from(isCut ? bytes.subarray(0, place) : bytes);
        if (!isCut) broken[place]! ^= change;
        try {
          new StoredRollup(broken).toTable();
        } catch (error) {
          expect(error).toBeInstanceOf(AnalyticsError);
          expect(error).toMatchObject({ code: 'STORE_INCONSISTENT' });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes at most 20 bytes for a minute of a series, and 150 for an hour with its sketch', () => {
    // 100 series with a sample of two decimals every 10 s.
    const list = Array.from({ length: 100 }, (_, series) =>
      Array.from({ length: 360 }, (_unused, place) => ({
        time: START + place * 10_000 + ((place * 7919 + series * 104_729) % 50),
        value: Math.round(100 * (40 + series) * Math.exp(0.35 * Math.sin(place * 12.9898 + series * 78.233) * 3)) / 100,
      })),
    );
    expect(encodeRollup(tableOf(list, MINUTE, false)).length / 6000).toBeLessThan(20);
    expect(encodeRollup(tableOf(list, 60 * MINUTE, true)).length / 100).toBeLessThan(150);
  });
});
