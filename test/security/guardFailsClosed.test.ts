import { describe, expect, test } from '@jest/globals';

import { createEventTypes } from '../../src/contract/eventTypes.js';
import { ValidationError } from '../../src/errors/ValidationError.js';
import { normalizeEvent } from '../../src/producer/normalizeEvent.js';
import { normalizeMetric } from '../../src/producer/normalizeMetric.js';
import { createGuard } from '../../src/security/guard/createGuard.js';
import type { GuardDetector } from '../../src/security/guard/GuardPolicy.js';

const types = createEventTypes();
const said = 'told me on 1980-05-13 that canaries sing';

/** From JavaScript a detector may do anything. */
const broken: readonly (readonly [string, (text: string) => unknown])[] = [
  ['throws', () => { throw new Error(said); }],
  ['throws what is no error', () => { throw said as unknown as Error; }],
  ['gives a promise', async () => []],
  ['gives nothing', () => undefined],
  ['gives text', () => said],
  ['names a place outside of the text', () => [{ start: 0, end: 9_999 }]],
  ['names a place backwards', () => [{ start: 3, end: 1 }]],
  ['names no place', () => [{}]],
  ['names half a character', () => [{ start: 0.5, end: 2 }]],
];

describe.each(broken)('a detector that %s', (_name, find) => {
  const guard = () => createGuard({ detectors: [{ class: 'own', find: find as GuardDetector['find'] }] }); // as above

  test('refuses the event, and the sample for its tags, with a ValidationError that holds no value', () => {
    const attempts = [
      () => normalizeEvent({ type: 'custom', properties: { note: said } }, { types, guard: guard(), now: 1 }),
      () => normalizeEvent({ type: 'custom', metadata: { [said]: 1 } }, { types, guard: guard(), now: 1 }),
      () => normalizeMetric({ name: 'm', value: 1, tags: { note: said } }, { guard: guard(), now: 1 }),
      () => normalizeMetric({ name: 'm', value: 1, tags: { [said]: 'x' } }, { guard: guard(), now: 1 }),
    ];
    for (const attempt of attempts) {
      let refusal: unknown;
      try {
        attempt();
      } catch (error) {
        refusal = error;
      }
      expect(refusal).toBeInstanceOf(ValidationError);
      expect(`${String(refusal)}${JSON.stringify(refusal)}`).not.toContain('canaries');
    }
  });
});

test('tags are guarded as members are', () => {
  const guard = createGuard();
  const { tags } = normalizeMetric({ name: 'm', value: 1, tags: { email: 'x', label: 'cmVhY2ggbWUgYXQgNDE1LTU1NS0wMTIz', endpoint: '/patients/jroe/notes', method: 'POST' } }, { guard, now: 1 });
  expect(Object.fromEntries(tags)).toEqual({ email: '[masked:email]', label: '[masked:phone]', endpoint: '/patients/[masked:url]/notes', method: 'POST' });
  expect(() => normalizeMetric({ name: 'm', value: 1, tags: { label: 'SSN 078-05-1120' } }, { guard: createGuard({ mode: 'refuse' }), now: 1 })).toThrow(/direct identifier \(ssn\)/);
});

test('what is too large or of no form is refused before anything of it is sent', () => {
  const guard = createGuard();
  for (const properties of [{ a: 'x'.repeat(40_000) }, { a: 'ﷺ'.repeat(20_000) }, { a: '\ud800' }, { a: new Date() }, 'text', [1]]) {
    expect(() => normalizeEvent({ type: 'custom', properties }, { types, guard, now: 1 })).toThrow(ValidationError);
  }
});
