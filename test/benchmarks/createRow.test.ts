import { describe, expect, test } from '@jest/globals';

import { createRow } from '../../benchmarks/rows/Row.js';
import { percentile, spreadOf } from '../../benchmarks/support/spread.js';

const figures = { id: 'x', what: 'x', unit: 'events/s', target: 20, targetIs: 'least ratio' } as const;

describe('createRow', () => {
  test('takes the ratio within each round, then its median', () => {
    const row = createRow({ ...figures, better: 'higher', ours: [100, 300, 200], peer: [10, 10, 5] });
    expect(row.spread.ratio).toEqual({ min: 10, median: 30, max: 40 });
    expect(row).toMatchObject({ ours: 200, peer: 10, ratio: 30, pass: true });
  });

  test('turns the ratio round where less is better', () => {
    const row = createRow({ ...figures, better: 'lower', ours: [5], peer: [100] });
    expect(row.ratio).toBe(20);
  });

  test('fails a row that is fast but lost something', () => {
    const row = createRow({ ...figures, better: 'higher', ours: [100], peer: [1], isSound: false });
    expect(row).toMatchObject({ ratio: 100, pass: false });
  });

  test('holds our figure against a bound of its own besides the ratio', () => {
    const bytes = { ...figures, better: 'lower', target: 10, most: 50, peer: [700] } as const;
    expect(createRow({ ...bytes, ours: [49] }).pass).toBe(true);
    expect(createRow({ ...bytes, ours: [51] }).pass).toBe(false);
    expect(createRow({ ...bytes, ours: [49], peer: [400] }).pass).toBe(false);
  });

  test('does not hold a row against what is only aimed at', () => {
    expect(createRow({ ...figures, better: 'higher', ours: [300], peer: [10], aim: 60 })).toMatchObject({ pass: true, aim: 60 });
  });

  test('holds a figure without a peer against its own bound', () => {
    expect(createRow({ ...figures, better: 'lower', targetIs: 'most', ours: [21] }).pass).toBe(false);
    expect(createRow({ ...figures, better: 'lower', targetIs: 'most', ours: [19] })).toMatchObject({
      pass: true,
      peer: null,
      ratio: null,
    });
  });
});

describe('percentile', () => {
  test('is a value that was measured', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(hundred, 99)).toBe(99);
    expect(percentile(hundred, 50)).toBe(50);
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(percentile([], 50)).toBeNaN();
  });
});
