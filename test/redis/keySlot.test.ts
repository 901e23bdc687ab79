import { describe, expect, it } from '@jest/globals';

import { keySlot } from '../../src/redis/keySlot.js';

describe('keySlot', () => {
  // As `CLUSTER KEYSLOT` answers.
  it.each([
    ['123456789', 12739],
    ['foo', 12182],
    ['{foo}bar', 12182],
    ['a{foo}{bar}', 12182],
    ['', 0],
  ])('is of %j what Redis says', (key, slot) => expect(keySlot(key)).toBe(slot));

  it('takes the whole key where there is nothing in the braces', () => expect(keySlot('{}foo')).not.toBe(keySlot('{}bar')));
});
