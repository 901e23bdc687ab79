import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { batchIdOf, eventIdAt, newBatchId } from '../../src/codec/batchId.js';

describe('ids', () => {
  it('are UUIDs of version 7 that lead back to their batch, all different', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.uniqueArray(fc.integer({ min: 0, max: 4095 }), { minLength: 1 }), (now, places) => {
        const batch = newBatchId(now);
        const ids = places.map((place) => eventIdAt(batch, place));
        expect(new Set(ids).size).toBe(places.length);
        for (const id of [batch, ...ids]) {
          expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
          expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(now);
          expect(batchIdOf(id)).toBe(batch);
        }
        expect(eventIdAt(batch, 0)).toBe(batch);
      }),
    );
  });

  it('of a batch are in the order of their places, and later ones sort after earlier', () => {
    const batches = [1, 2, 3].map((ms) => newBatchId(1_795_000_000_000 + ms));
    const texts = batches.flatMap((batch) => [0, 5, 4095].map((place) => eventIdAt(batch, place)));
    expect(texts.toSorted()).toEqual(texts);
  });

  it('of 100,000 batches in one millisecond are all different', () => {
    expect(new Set(Array.from({ length: 100_000 }, () => newBatchId(1_795_000_000_000))).size).toBe(100_000);
  });

  it('that a caller made up lead to no batch', () => {
    const texts = ['', 'order-1', '0193A5F0-0000-7000-8000-000000000000', '0193a5f0-0000-4000-8000-000000000000', ' 0193a5f0-0000-7000-8000-000000000000', '0193a5f0-0000-7000-8000-000000000000\n'];
    expect(texts.map(batchIdOf)).toEqual(texts.map(() => undefined));
  });
});
