import { randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { candidatesOf, CHUNK_BYTES, CHUNK_EVENTS, planMerge, type MergeCandidate } from '../../src/merging/planMerge.js';
import type { ChunkIndexEntry } from '../../src/storage/ChunkIndexEntry.js';
import { HOUR, LATER, START } from './mergeFixture.js';

const entry = (fields: Partial<ChunkIndexEntry>): ChunkIndexEntry => ({
  chunkId: randomBytes(16),
  hour: HOUR,
  earliest: START,
  latest: START + 1000,
  count: 1,
  blocks: 0,
  ...fields,
});
const candidate = (fields: Partial<ChunkIndexEntry>, bytes = 300): MergeCandidate => ({ entry: entry(fields), bytes });
const small = (count: number, from = 0) => Array.from({ length: count }, (_, n) => candidate({ earliest: START + from + n, latest: START + from + n + 5 }));
const eventsIn = (group: readonly MergeCandidate[]) => group.reduce((sum, { entry: { count } }) => sum + count, 0);
const bytesIn = (group: readonly MergeCandidate[]) => group.reduce((sum, { bytes }) => sum + bytes, 0);

describe('candidatesOf', () => {
  const chunks = [entry({}), entry({ latest: START + 3_599_999 }), entry({ blocks: 1, count: 999 }), entry({ blocks: 3, count: 1000 })];

  it('takes the small and the under-filled chunks of an hour that is over', () => {
    expect(candidatesOf(HOUR, chunks, LATER)).toEqual(chunks.slice(0, 3));
  });

  it('leaves an hour that is not over alone until 1,000 small chunks have gathered, and the newest then too', () => {
    const now = START + 3_600_000 + 60_000;
    expect(candidatesOf(HOUR, chunks, now)).toEqual([]);
    const many = Array.from({ length: 1000 }, (_, n) => entry({ latest: START + n }));
    expect(candidatesOf(HOUR, [...chunks, ...many.slice(2)], now)).toHaveLength(1000);
    expect(candidatesOf(HOUR, many, START + 9000)).toEqual([]);
    expect(candidatesOf(HOUR, many, START + 11_000)).toHaveLength(1000);
  });
});

describe('planMerge', () => {
  it('merges nothing where there is one chunk or none', () => {
    expect(planMerge([])).toEqual([]);
    expect(planMerge(small(1))).toEqual([]);
    expect(planMerge([candidate({ blocks: 1, count: 400 })])).toEqual([]);
  });

  it('writes an under-filled chunk again only with an eighth of its events besides', () => {
    const underFilled = candidate({ blocks: 1, count: 800 });
    expect(planMerge([underFilled, ...small(99)])[0]).toHaveLength(99);
    expect(planMerge([underFilled, ...small(100)])[0]).toHaveLength(101);
    expect(planMerge([underFilled, ...small(1)])).toEqual([]);
  });

  it('writes no chunk again that is large in bytes, however few events it has', () => {
    const large = candidate({ blocks: 1, count: 16 }, CHUNK_BYTES / 2);
    expect(planMerge([large, ...small(5)])[0]).toHaveLength(5);
  });

  it('makes groups that are bounded, even, in the order of time, and hold each chunk once', () => {
    const chunk = fc.record({ at: fc.nat(3_500_000), span: fc.nat(90_000), count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 4096 })), bytes: fc.oneof(fc.constant(300), fc.nat(2_000_000)) });
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 2, maxLength: 1500, size: 'max' }), (chunks) => {
        const candidates = chunks.map(({ at, span, count, bytes }) => candidate({ earliest: START + at, latest: START + at + span, count }, bytes));
        const groups = planMerge(candidates);
        expect(new Set(groups.flat())).toEqual(new Set(candidates));
        expect(groups.flat()).toHaveLength(candidates.length);
        const starts = groups.flat().map(({ entry: { earliest } }) => earliest);
        expect(starts).toEqual(starts.toSorted((one, other) => one - other));
        for (const group of groups) {
          expect(group.length).toBeLessThanOrEqual(400);
          // Without its last chunk, which is taken whole.
          expect(eventsIn(group.slice(0, -1))).toBeLessThanOrEqual(8000);
          expect(bytesIn(group.slice(0, -1))).toBeLessThanOrEqual(4 * CHUNK_BYTES);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('writes an event some ten times at most on its way to a full chunk, and leaves few chunks behind, however late events trickle in', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 20, maxLength: 200, size: 'max' }), (arrivals) => {
        let chunks: MergeCandidate[] = [];
        let written = 0;
        let events = 0;
        for (const arrived of arrivals) {
          events += arrived;
          chunks.push(...small(arrived));
          for (const group of planMerge(chunks.filter(({ entry: { blocks, count } }) => blocks === 0 || count < CHUNK_EVENTS / 2))) {
            written += eventsIn(group);
            chunks = chunks.filter((one) => !group.includes(one));
            chunks.push(candidate({ blocks: 1, count: eventsIn(group) }));
          }
          expect(chunks.filter(({ entry: { blocks, count } }) => blocks > 0 && count < CHUNK_EVENTS / 2).length).toBeLessThanOrEqual(4);
          expect(chunks.filter(({ entry: { blocks } }) => blocks === 0)).toHaveLength(0);
        }
        expect(written / events).toBeLessThan(11);
      }),
      { numRuns: 20 },
    );
  });
});
