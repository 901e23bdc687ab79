import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { blocksOf, packSeries, readDirectory, unpackBlock } from '../../../src/codec/series/packSeries.js';
import type { SeriesSamples } from '../../../src/codec/series/SeriesSamples.js';

const series = fc
  .uniqueArray(fc.record({ id: fc.integer({ min: 0, max: 60 }), count: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constantFrom(4000, 4001, 9000)) }), { selector: ({ id }) => id, minLength: 1, maxLength: 30 })
  .map((given): SeriesSamples[] =>
    given.map(({ id, count }) => ({
      seriesId: (id * 2).toString(16).padStart(16, '0'),
      times: Float64Array.from({ length: count }, (_, row) => row * 15_000),
      values: Float64Array.from({ length: count }, (_, row) => (row * 7919) % 100),
    })),
  );

/** The series' times, then its values: compared a thousand times faster than an array of numbers. */
function bytesOf(series: readonly SeriesSamples[], id: string): Buffer {
  const parts = series.filter(({ seriesId }) => seriesId === id);
  const columns = [...parts.map(({ times }) => times), ...parts.map(({ values }) => values)];
  return Buffer.concat(columns.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)));
}

describe('packed series', () => {
  it('come back whole, and each from the blocks that the directory names for it', () => {
    fc.assert(
      fc.property(series, fc.array(fc.integer({ min: 0, max: 125 }), { maxLength: 5 }), (given, asked) => {
        const { head, blocks } = packSeries(given);
        const directory = readDirectory(head);
        const stored = directory.inline === undefined ? blocks : [directory.inline];
        const opened = stored.map((bytes, block) => unpackBlock(directory, block, bytes));
        expect(opened).toHaveLength(directory.starts.length);
        for (const one of given) expect(bytesOf(opened.flat(), one.seriesId).equals(bytesOf([one], one.seriesId))).toBe(true);
        expect(opened.flat().reduce((sum, { times }) => sum + times.length, 0)).toBe(given.reduce((sum, { times }) => sum + times.length, 0));

        const wanted = new Set(asked.map((id) => id.toString(16).padStart(16, '0')));
        const needed = blocksOf(directory.starts, wanted);
        // Every block that holds one is named, and for a series that is not cut no more than one.
        const holding = opened.flatMap((of, block) => (of.some(({ seriesId }) => wanted.has(seriesId)) ? [block] : []));
        expect(needed).toEqual(expect.arrayContaining(holding));
        expect(needed.length - holding.length).toBeLessThanOrEqual([...wanted].filter((id) => !given.some(({ seriesId }) => seriesId === id)).length);
        expect(blocksOf(directory.starts, undefined)).toEqual(opened.map((_, block) => block));
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 15) },
    );
  });
});
