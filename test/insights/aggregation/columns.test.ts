import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { AggregationCells, type WantedAggregation } from '../../../src/insights/aggregation/AggregationCells.js';
import { parseAggregation } from '../../../src/insights/aggregation/aggregation.js';
import { rollUp, rollUpRows, type SeriesSamples } from '../../../src/insights/aggregation/rollUp.js';
import { SumColumn } from '../../../src/insights/aggregation/SumColumn.js';
import { exactSum } from './exactSum.js';
import { agree, EXACT, naiveAggregate, PERCENTILES, SPREADS, type NaiveSample } from './naiveAggregates.js';

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 25);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const decimal = fc.integer({ min: -1000, max: 100_000 }).map((number) => number / 100);
const counter = fc.integer({ min: 0, max: 50 });
const value = fc.oneof(decimal, counter, fc.constantFrom(0, -0, 0.1, 1e9));
const time = fc.oneof(fc.integer({ min: 0, max: 3 * HOUR - 1 }), fc.constantFrom(0, MINUTE - 1, MINUTE, HOUR - 1, HOUR, 2 * HOUR));
const samplesOf = fc.array(fc.record({ time, value }), { maxLength: 60 });
const seriesList = fc.array(fc.record({ a: fc.constantFrom('x', 'y', 'z'), samples: samplesOf }), { minLength: 1, maxLength: 4 });

describe('SumColumn', () => {
  it('adds whole numbers and measured values without any error', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(decimal, fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), fc.double({ min: 1e-3, max: 1e6 })), { maxLength: 200 }), (numbers) => {
        const sums = SumColumn.ofSize(2);
        const half = numbers.length >> 1;
        sums.addValues(0, Float64Array.from(numbers), 0, numbers.length);
        sums.addValues(1, Float64Array.from(numbers), half, numbers.length);
        const other = SumColumn.ofSize(1);
        for (const number of numbers.slice(0, half)) other.add(0, number);
        sums.merge(1, other, 0, 1);
        expect(sums.result(0) + 0).toBe(exactSum(numbers) + 0);
        expect(sums.result(1)).toBe(sums.result(0));
        expect([sums.high[1], sums.low[1]]).toEqual([sums.high[0], sums.low[0]]);
      }),
      { numRuns },
    );
  });

  it('is off by less than 2^-90 of the magnitudes for any doubles', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), { maxLength: 100 }), (numbers) => {
        const sums = SumColumn.ofSize(1);
        sums.addValues(0, Float64Array.from(numbers), 0, numbers.length);
        const exact = exactSum(numbers);
        const magnitude = numbers.reduce((sum, number) => sum + Math.abs(number), 0);
        // Whatever is left of the error is below what a double shows, unless nearly all cancels.
        expect(Math.abs(sums.result(0) - exact)).toBeLessThanOrEqual(Math.max(Math.abs(exact) * 2 ** -52, magnitude * 2 ** -90));
      }),
      { numRuns },
    );
  });

  it('is not finite, and not wrong, beyond the largest double', () => {
    const sums = SumColumn.ofSize(1);
    sums.addValues(0, Float64Array.of(1.7e308, 1.7e308, 5), 0, 3);
    expect(Number.isFinite(sums.result(0))).toBe(false);
  });
});

const SERIES_GROUP = 0;

function wantedOf(names: readonly string[], tags: readonly string[]): WantedAggregation[] {
  const known = [...new Set(tags)];
  return names.map((name) => {
    const of = parseAggregation(name)!;
    return of.kind === 'distinct' ? { name, of: { ...of, valueOf: Int32Array.from(tags, (tag) => known.indexOf(tag)) } } : { name, of };
  });
}

function sorted(samples: readonly NaiveSample[]): SeriesSamples & { readonly length: number } {
  const ordered = samples.toSorted((one, other) => one.time - other.time || one.value - other.value || Number(Object.is(other.value, -0)) - Number(Object.is(one.value, -0)));
  return { seriesId: '', times: Float64Array.from(ordered, (sample) => sample.time), values: Float64Array.from(ordered, (sample) => sample.value), length: ordered.length };
}

describe('AggregationCells', () => {
  const names = [...EXACT, ...PERCENTILES, ...SPREADS];

  /** What comes out otherwise than by the definitions. */
  function mismatches(
    list: readonly { readonly a: string; readonly samples: readonly NaiveSample[] }[],
    width: number,
    fill: (cells: AggregationCells, samples: readonly SeriesSamples[]) => void,
  ): unknown[] {
    const wanted = wantedOf(names, list.map(({ a }) => a));
    const edges = Float64Array.from({ length: Math.ceil((3 * HOUR) / width) + 1 }, (_, place) => place * width);
    const [lower, upper] = [0, 3 * HOUR - 1];
    const cells = new AggregationCells({ wanted, edges, groupOf: new Int32Array(list.length).fill(SERIES_GROUP), groups: 1, from: lower, to: upper + 1 });
    fill(cells, list.map(({ samples }, place) => ({ ...sorted(samples), seriesId: String(place) })));
    const series = list.map(({ a, samples }) => ({ tags: { a }, samples }));
    return wanted.flatMap(({ name }, place) =>
      cells.results(wanted[place]!).flatMap((found, bucket) => {
        const expected = naiveAggregate(name, series, { from: edges[bucket]!, to: edges[bucket + 1]!, lower, upper });
        return agree(name, found, expected) ? [] : [{ name, bucket, found, expected }];
      }),
    );
  }

  it('answers from samples as the definitions do', () => {
    fc.assert(
      fc.property(seriesList, fc.constantFrom(MINUTE, 7 * MINUTE, HOUR, 3 * HOUR), (list, width) => {
        const found = mismatches(list, width, (cells, samples) => {
          for (const [series, one] of samples.entries()) cells.addSamples(series, one, 0, one.times.length);
        });
        expect(found).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('answers from rows of a tier, and from rows of rows, as from samples', () => {
    fc.assert(
      fc.property(seriesList, fc.constantFrom(MINUTE, HOUR), fc.boolean(), (list, width, isTwice) => {
        const found = mismatches(list, Math.max(width, isTwice ? HOUR : 0), (cells, samples) => {
          const fine = rollUp(samples, { start: 0, width, withSketches: true });
          const table = isTwice ? rollUpRows([fine], { start: 0, width: HOUR, withSketches: true }) : fine;
          for (const [place, id] of table.seriesIds.entries()) cells.addRows(Number(id), table, table.firstRows[place]!, table.firstRows[place + 1]!);
        });
        expect(found).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('answers from rows for one part of the time and samples for the other', () => {
    fc.assert(
      fc.property(seriesList, fc.constantFrom(MINUTE, HOUR, 3 * HOUR), (list, width) => {
        const found = mismatches(list, width, (cells, samples) => {
          const early = samples.map((one) => ({ seriesId: one.seriesId, times: one.times.filter((at) => at < HOUR), values: one.values.filter((_, place) => one.times[place]! < HOUR) }));
          const table = rollUp(early, { start: 0, width: MINUTE, withSketches: true });
          for (const [place, id] of table.seriesIds.entries()) cells.addRows(Number(id), table, table.firstRows[place]!, table.firstRows[place + 1]!);
          for (const [series, one] of samples.entries()) cells.addSamples(series, one, early[series]!.times.length, one.times.length);
        });
        expect(found).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('keeps the sign of the least and greatest zero', () => {
    const wanted = wantedOf(['min', 'max', 'first', 'last'], ['x']);
    const cells = new AggregationCells({ wanted, edges: Float64Array.of(0, 10), groupOf: Int32Array.of(0), groups: 1, from: 0, to: 10 });
    cells.addSamples(0, { times: Float64Array.of(1, 1), values: Float64Array.of(-0, 0) }, 0, 2);
    expect(wanted.map((one) => cells.results(one)[0])).toEqual([-0, 0, -0, 0]);
  });

  it('gives null for what is beyond the largest double', () => {
    const wanted = wantedOf(['sum', 'avg', 'variance', 'range', 'increase', 'max'], ['x']);
    const cells = new AggregationCells({ wanted, edges: Float64Array.of(0, 10), groupOf: Int32Array.of(0), groups: 1, from: 0, to: 10 });
    cells.addSamples(0, { times: Float64Array.of(1, 2, 3), values: Float64Array.of(1.7e308, -1.7e308, 1.7e308) }, 0, 3);
    expect(wanted.map((one) => cells.results(one)[0])).toEqual([1.7e308, 1.7e308 / 3, null, null, null, 1.7e308]);
  });
});
