import { DDSketch } from '@datadog/sketches-js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { QuantileSketch } from '../../../src/insights/aggregation/QuantileSketch.js';

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300);
const LEAST = 1.2e-308;
const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => value === 0 || Math.abs(value) > LEAST);
const measured = fc.integer({ min: -50_000, max: 500_000 }).map((number) => number / 100);
const values = fc.oneof(fc.array(measured, { minLength: 1, maxLength: 400 }), fc.array(anyDouble, { minLength: 1, maxLength: 60 }));
const percents = [0, 0.1, 25, 50, 75, 90, 95, 99, 99.9, 100];

function sketchOf(numbers: readonly number[]): QuantileSketch {
  const sketch = new QuantileSketch();
  sketch.addValues(Float64Array.from(numbers), 0, numbers.length);
  return sketch;
}

/** As `addRows` takes it. */
function rowOf(sketch: QuantileSketch) {
  const { bins, counts } = sketch.bins();
  return { firstBins: Uint32Array.of(0, bins.length), bins, counts };
}

describe('QuantileSketch', () => {
  it('gives percentiles within 1 % of the exact ones, of negative values and zeros too', () => {
    fc.assert(
      fc.property(values, (numbers) => {
        const sorted = numbers.toSorted((one, other) => one - other);
        const sketch = sketchOf(numbers);
        for (const percent of percents) {
          const exact = sorted[Math.floor((percent * (sorted.length - 1)) / 100)]!;
          const found = sketch.percentile(percent);
          // Above 1.7e308 a bin's middle may lie beyond the largest double: whoever knows the maximum limits it.
          if (Number.isFinite(found)) expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.01);
          else expect(Math.abs(exact)).toBeGreaterThan(1.7e308);
        }
      }),
      { numRuns },
    );
  });

  it('is the same to the last bit however values are parted and joined', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), (parts) => {
        const whole = sketchOf(parts.flat());
        const joined = new QuantileSketch();
        for (const part of parts.toReversed()) joined.addRows(rowOf(sketchOf(part)), 0, 1);
        expect(joined.bins()).toEqual(whole.bins());
        expect(joined.count).toBe(whole.count);
        for (const percent of percents) expect(joined.percentile(percent)).toBe(whole.percentile(percent));
      }),
      { numRuns },
    );
  });

  it('answers as the library does', () => {
    fc.assert(
      fc.property(fc.array(measured, { minLength: 1, maxLength: 200 }), (numbers) => {
        const library = new DDSketch({ relativeAccuracy: 0.0099 });
        for (const number of numbers) library.accept(number);
        const sketch = sketchOf(numbers);
        for (const percent of [0, 25, 50, 75, 100]) expect(sketch.percentile(percent)).toBeCloseTo(library.getValueAtQuantile(percent / 100), 9);
      }),
      { numRuns: 100 },
    );
  });

  it('has no percentile of nothing', () => {
    expect(new QuantileSketch().percentile(50)).toBeNaN();
  });

  it('takes room for its bins, not for the distance between them', () => {
    // Of the whole process: other tests have run in it.
    const atStart = process.memoryUsage().arrayBuffers;
    const sketches = Array.from({ length: 2000 }, () => sketchOf([1e-300, -1e300, 1, 1e300, -1e-300]));
    const taken = process.memoryUsage().arrayBuffers - atStart;
    expect(sketches.every((sketch) => sketch.bins().bins.length === 5)).toBe(true);
    expect(taken).toBeLessThan(64 * 1024 * 1024);
  });
});
