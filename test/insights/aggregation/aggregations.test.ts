import { describe, expect, it } from '@jest/globals';

import { ValidationError } from '../../../src/errors/ValidationError.js';
import { parseAggregation } from '../../../src/insights/aggregation/aggregation.js';
import { createAggregations, defineAggregation, definedAggregations } from '../../../src/insights/aggregation/aggregations.js';
import { CustomColumn } from '../../../src/insights/aggregation/CustomColumn.js';
import { fillResults } from '../../../src/insights/aggregation/fillResults.js';

const product = {
  initial: () => 1,
  add: (state: number, value: number) => state * value,
  merge: (one: number, other: number) => one * other,
  result: (state: number) => state,
};
const samples = { times: Float64Array.of(1, 2, 3), values: Float64Array.of(2, 3, 4) };

describe('parseAggregation', () => {
  it('knows built-in names, percentiles and distinct tags', () => {
    expect(parseAggregation('avg')).toEqual({ kind: 'builtIn', name: 'avg' });
    expect(parseAggregation('p99.9')).toEqual({ kind: 'percentile', percent: 99.9 });
    expect(parseAggregation('p0')).toEqual({ kind: 'percentile', percent: 0 });
    expect(parseAggregation('distinct:end:point')).toEqual({ kind: 'distinct', tagKey: 'end:point' });
  });

  it.each(['', 'p', 'p101', 'p-1', 'p1e1', 'p99.', 'P95', 'p 95', 'distinct:', 'distinct', 'median', 'constructor', 'toString'])('does not know %p', (name) => {
    expect(parseAggregation(name)).toBeUndefined();
  });
});

describe('defineAggregation', () => {
  it('keeps a definition under its name, and takes the same one again', () => {
    const registry = createAggregations();
    expect(registry.define('product', product)).toBe('product');
    expect(registry.define('product', { ...product, add: (state: number, value: number) => state * value })).toBe('product');
    expect(registry.names()).toEqual(['product']);
    expect(registry.get('product')).toBe(product);
    expect(registry.get('constructor')).toBeUndefined();
    defineAggregation('productOfAll', product);
    expect(definedAggregations.get('productOfAll')).toBe(product);
  });

  it('refuses another definition of a known name', () => {
    const registry = createAggregations();
    registry.define('product', product);
    expect(() => registry.define('product', { ...product, initial: () => 2 })).toThrow(ValidationError);
    expect(registry.get('product')).toBe(product);
  });

  it.each(['', 'avg', 'p95', 'distinct:x', 'time', 'tags', 'Product', '1st', 'a b', '__proto__', 'constructor', 'x'.repeat(65), 7, null])('refuses the name %p', (name) => {
    expect(() => createAggregations().define(name as never, product)).toThrow(ValidationError);
  });

  it.each([null, undefined, 7, {}, { ...product, merge: undefined }])('refuses the definition %p', (definition) => {
    expect(() => createAggregations().define('product', definition as never)).toThrow(ValidationError);
  });
});

describe('CustomColumn', () => {
  it('keeps a state for each series of a cell, and joins them', () => {
    const column = new CustomColumn('product', product as never, 2);
    column.addSamples(0, 0, samples, 0, 2);
    column.addSamples(0, 1, samples, 2, 3);
    column.addSamples(2, 1, samples, 0, 1);
    column.addSamples(2, 1, samples, 1, 3);
    expect(column.results(3)).toEqual([24, null, 24]);
  });

  it.each(['initial', 'add', 'merge', 'result'])('says which function threw: %s', (step) => {
    const broken = {
      ...product,
      [step]: () => {
        throw new Error('secret 3.1415');
      },
    };
    const column = new CustomColumn('product', broken as never, 2);
    const run = () => {
      column.addSamples(0, 0, samples, 0, 2);
      column.addSamples(0, 1, samples, 0, 2);
      return column.results(1);
    };
    expect(run).toThrow(expect.objectContaining({ name: 'AggregationError', code: 'AGGREGATION_FAILED', message: expect.not.stringContaining('secret') }));
    expect(run).toThrow(new RegExp(`"${step}" of the aggregation product threw`));
  });

  it.each(['text', NaN, Infinity, undefined, {}, 5n])('refuses the result %p', (result) => {
    const column = new CustomColumn('product', { ...product, result: () => result } as never, 1);
    column.addSamples(0, 0, samples, 0, 3);
    expect(() => column.results(1)).toThrow(expect.objectContaining({ code: 'AGGREGATION_FAILED' }));
  });
});

describe('fillResults', () => {
  const counts = Float64Array.of(0, 1, 0, 0, 1, 0);
  const results = [null, 2, null, null, 8, null];
  const starts = Float64Array.of(0, 10, 20, 30, 40, 50);

  it('fills empty buckets as it is told', () => {
    expect(fillResults(results, counts, starts, 'null')).toEqual(results);
    expect(fillResults(results, counts, starts, 'zero')).toEqual([0, 2, 0, 0, 8, 0]);
    expect(fillResults(results, counts, starts, 'previous')).toEqual([null, 2, 2, 2, 8, 8]);
    expect(fillResults(results, counts, starts, 'linear')).toEqual([null, 2, 4, 6, 8, null]);
  });

  it('draws lines by time, since days differ in length', () => {
    expect(fillResults(results, counts, Float64Array.of(0, 10, 16, 37, 40, 50), 'linear')).toEqual([null, 2, 3.2, 7.4, 8, null].map((value) => (value === null ? null : expect.closeTo(value, 12))));
  });

  it('leaves a bucket alone that has samples and no result', () => {
    expect(fillResults([1, null, 3], Float64Array.of(1, 1, 1), Float64Array.of(0, 1, 2), 'linear')).toEqual([1, null, 3]);
    expect(fillResults([1, null, null], Float64Array.of(1, 1, 0), Float64Array.of(0, 1, 2), 'previous')).toEqual([1, null, null]);
  });
});
