import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { knownRoute } from '../../bull-board/knownRoute.js';

describe('a path in a log', () => {
  it('keeps words of ours and ids of jobs', () => {
    for (const path of ['/api/dead-letters/retry', '/queues/api/queues/events/019aa0f2-7c11-7000-8000-000000000000/retry', '/queues/api/queues/metrics/7/promote', '/sign-out']) {
      expect(knownRoute(path)).toBe(path);
    }
  });

  it('holds nothing else that somebody put into the address, and tells how deep it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }).map((text) => `x${encodeURIComponent(text.toWellFormed())}`), { maxLength: 6 }), (parts) => {
        expect(knownRoute(`/queues/${parts.join('/')}`)).toBe(`/queues/${parts.map(() => '*').join('/')}`);
      }),
    );
  });
});
