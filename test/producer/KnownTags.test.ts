import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { KnownTags } from '../../src/producer/KnownTags.js';
import { normalizeMetric } from '../../src/producer/normalizeMetric.js';
import { createGuard } from '../../src/security/guard/createGuard.js';

const now = 1_795_403_886_082;

function attempt(tags: unknown, guard: ReturnType<typeof createGuard>, knownTags?: KnownTags): unknown {
  try {
    return normalizeMetric({ name: 'm', value: 1, tags }, { guard, now, knownTags });
  } catch (error) {
    return String(error);
  }
}

describe('tag sets that are known', () => {
  const key = fc.constantFrom('a', 'b', '1:a', '10', 'email', '__proto__', 'constructor', 'k@example.com', '');
  const value = fc.oneof(
    fc.constantFrom<unknown>('', 'x', '1:x', '1:b1:x', 'call 555-123-4567', 'y@example.com', '\u{d800}', 'long '.repeat(150), undefined, null, 5, {}),
    fc.string(),
  );
  const tags = fc.array(fc.tuple(key, value), { maxLength: 5 }).map((pairs) => {
    const set = Object.create(null) as Record<string, unknown>;
    for (const [name, given] of pairs) set[name] = given;
    return set;
  });

  it('give what looking at them anew gives, and count what is masked each time', () => {
    fc.assert(
      fc.property(fc.array(tags, { maxLength: 6 }), (sets) => {
        const [known, guard, anew] = [new KnownTags(), createGuard(), createGuard()];
        for (const set of [...sets, ...sets, ...sets]) expect(attempt(set, guard, known)).toEqual(attempt(set, anew));
        expect(guard.counts()).toEqual(anew.counts());
      }),
      { numRuns: 500 },
    );
  });

  it('are read once, so that a getter cannot show the guard one thing and the sample another', () => {
    const [known, guard] = [new KnownTags(), createGuard()];
    expect(attempt({ note: 'calm' }, guard, known)).toMatchObject({ tagsJson: '{"note":"calm"}' });
    let reads = 0;
    const changing = {
      get note() {
        reads += 1;
        return reads === 1 ? 'calm' : 'y@example.com';
      },
    };
    expect(attempt(changing, guard, known)).toMatchObject({ tagsJson: '{"note":"calm"}' });
    expect(reads).toBe(1);
  });

  it('are forgotten when others come', () => {
    const [known, guard] = [new KnownTags(), createGuard()];
    attempt({ a: 'first' }, guard, known);
    for (let number = 0; number < 5000; number += 1) attempt({ a: String(number) }, guard, known);
    expect(known.find([['a', 'first']])).toBeUndefined();
    expect(known.find([['a', '4999']])?.tagsJson).toBe('{"a":"4999"}');
  });
});
