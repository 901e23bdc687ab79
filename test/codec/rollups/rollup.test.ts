import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { encodeRollup } from '../../../src/codec/rollups/encodeRollup.js';
import { StoredRollup } from '../../../src/codec/rollups/StoredRollup.js';
import { combineSlices } from '../../../src/storage/metrics/combineSlices.js';
import { sortSamples } from '../../../src/codec/series/sortSamples.js';
import { AnalyticsError } from '../../../src/errors/AnalyticsError.js';
import type { RollupTable } from '../../../src/insights/aggregation/RollupTable.js';
import { rollUpDays, rollUpHours } from '../../../src/codec/rollups/rollUpHour.js';
import { periodOf, tiers } from '../../../src/codec/rollups/tiers.js';
import type { SeriesSamples } from '../../../src/codec/series/SeriesSamples.js';
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

/** Rows by series and bucket, without what is not exact. */
function bySeriesRows(table: RollupTable): Record<string, unknown[]> {
  return Object.fromEntries(
    table.seriesIds.map((id, place) => [
      id,
      Array.from({ length: table.firstRows[place + 1]! - table.firstRows[place]! }, (_, at) => {
        const row = table.firstRows[place]! + at;
        const { edges, extrema, sum, increase, count, buckets, sketches } = table;
        const bins = sketches === undefined ? [] : [...sketches.bins.subarray(sketches.firstBins[row]!, sketches.firstBins[row + 1]!)];
        return [buckets[row], count[row], sum.high[row], sum.low[row], increase.high[row], increase.low[row], extrema.min[row], extrema.max[row], edges.first[row], edges.firstTime[row], edges.last[row], edges.lastTime[row], bins];
      }),
    ]),
  );
}

describe('a stored rollup', () => {
  it('holds what was rolled up, to the last bit', () => {
    fc.assert(
      fc.property(lists, fc.constantFrom(MINUTE, 60 * MINUTE), fc.boolean(), (list, width, withSketches) => {
        const table = tableOf(list, width, withSketches);
        const { squares, ...stored } = new StoredRollup(Buffer.from(encodeRollup(table, new Map()))).toTable();
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
    const bytes = encodeRollup(tableOf([[{ time: START, value: 1.5 }, { time: START + MINUTE, value: 7 }]], MINUTE, true), new Map());
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

  it('replaces an hour in a day, and a day in 32 days, by what was merged anew', () => {
    const HOUR = 60 * MINUTE;
    const hour = fc.record({ hour: fc.integer({ min: 0, max: 60 }), list: fc.array(seriesOf(decimals), { minLength: 1, maxLength: 3 }) });
    const first = 480_000 - (480_000 % 768);
    fc.assert(
      fc.property(fc.array(hour, { minLength: 1, maxLength: 8 }), (merges) => {
        const days = new Map<number, StoredRollup>();
        let month: StoredRollup | undefined;
        const newest = new Map<number, { readonly version: number; readonly series: readonly SeriesSamples[] }>();
        for (const [place, { hour: at, list }] of merges.entries()) {
          const series = list.map((samples, id) => {
            const [times, values] = sortSamples(Float64Array.from(samples, (one) => (first + at) * HOUR + one.time - START), Float64Array.from(samples, (one) => one.value));
            return { seriesId: id.toString(16).padStart(16, '0'), times, values };
          });
          const merged = { hour: first + at, version: place + 1, series };
          newest.set(first + at, merged);
          const day = periodOf('hour', first + at);
          days.set(day, new StoredRollup(rollUpHours(days.get(day), merged)));
          month = new StoredRollup(rollUpDays(month, days.get(day)!));
        }
        // As if all had been merged at once, series in another order.
        for (const [tier, found] of [['hour', [...days.values()]], ['day', [month!]]] as const) {
          for (const stored of found) {
            const hours = [...newest.keys()].filter((one) => periodOf(tier, one) * tiers[tier].hours * HOUR === stored.start).sort((one, other) => one - other);
            const joined = combineSlices(hours.flatMap((one) => newest.get(one)!.series));
            const expected = rollUp([...joined.values()], { start: stored.start, width: tiers[tier].width, withSketches: true });
            expect(bySeriesRows(stored.toTable())).toEqual(bySeriesRows(expected));
            expect(Object.fromEntries(stored.versions)).toEqual(Object.fromEntries(hours.map((one) => [one - stored.start / HOUR, newest.get(one)!.version])));
          }
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 40) },
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
    expect(encodeRollup(tableOf(list, MINUTE, false), new Map()).length / 6000).toBeLessThan(20);
    expect(encodeRollup(tableOf(list, 60 * MINUTE, true), new Map()).length / 100).toBeLessThan(150);
  });
});
