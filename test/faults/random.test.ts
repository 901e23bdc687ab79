import { describe, expect, test } from '@jest/globals';

import { createRandom } from './random.js';

describe('createRandom', () => {
  const draw = (seed: number): unknown[] => {
    const random = createRandom(seed);
    return [random.next(), random.whole(1, 1000), random.pick(['a', 'b', 'c']), random.shuffle([1, 2, 3, 4, 5, 6]), random.isLikely(0.5)];
  };

  test('gives the same for the same seed, and something else for another', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test('reaches both ends of a range, and every item', () => {
    const random = createRandom(1);
    const drawn = new Set(Array.from({ length: 400 }, () => random.whole(3, 6)));
    expect(drawn).toEqual(new Set([3, 4, 5, 6]));
    expect(new Set(random.shuffle([1, 2, 3]))).toEqual(new Set([1, 2, 3]));
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
