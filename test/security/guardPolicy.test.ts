import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createGuard } from '../../src/security/guard/createGuard.js';
import { DROPPED } from '../../src/security/guard/Guard.js';

const ANY = 'label';

test('mode says what is done: mask, drop, refuse or nothing', () => {
  const verdict = (mode: 'mask' | 'drop' | 'refuse' | 'off') => {
    const guard = createGuard({ mode });
    return guard.text(guard.rule(ANY), 'jane@example.com');
  };
  expect(verdict('mask')).toBe('[masked:email]');
  expect(verdict('drop')).toBe(DROPPED);
  expect(verdict('refuse')).toEqual({ refused: 'email' });
  expect(verdict('off')).toBe('jane@example.com');
});

test('a class may have a mode of its own', () => {
  const guard = createGuard({ classes: { ip: 'off', ssn: 'refuse' } });
  const rule = guard.rule(ANY);
  expect(guard.text(rule, '203.0.113.7 jane@example.com')).toBe('203.0.113.7 [masked:email]');
  expect(guard.text(guard.rule('ip'), '203.0.113.7')).toBe('203.0.113.7');
  expect(guard.text(rule, '078-05-1120')).toEqual({ refused: 'ssn' });
});

test('allowed keys are not looked at, in whatever style they are written', () => {
  const guard = createGuard({ allowKeys: ['contact_email'] });
  expect(guard.text(guard.rule('contactEmail'), 'jane@example.com')).toBe('jane@example.com');
  expect(guard.text(guard.rule('detail', guard.rule('contactEmail')), 'jane@example.com')).toBe('jane@example.com');
  expect(guard.text(guard.rule('email'), 'jane@example.com')).toBe('[masked:email]');
});

test('a key may be given a class, also one of the application\'s own', () => {
  const guard = createGuard({ keyClasses: { referralCode: 'referral', page: 'mrn' } });
  expect(guard.text(guard.rule('referral_code'), 'x')).toBe('[masked:referral]');
  expect(guard.text(guard.rule('page'), '/a')).toBe('[masked:mrn]');
});

test('a custom detector masks besides the built-in ones', () => {
  const detectors = [{ class: 'ward', find: (text: string) => [...text.matchAll(/ward \d+/g)].map((m) => ({ start: m.index, end: m.index + m[0].length })) }];
  const guard = createGuard({ detectors });
  expect(guard.text(guard.rule(ANY), 'ward 12, jane@example.com')).toBe('[masked:ward], [masked:email]');
  expect(guard.detect('in ward 3')).toBe('ward');
});

test('counts what was done by class, and holds no value', () => {
  const guard = createGuard();
  guard.text(guard.rule(ANY), 'jane@example.com joe@example.com');
  guard.text(guard.rule('email'), 'x');
  guard.rule('415-555-0123');
  guard.rule('415-555-0123');
  expect(guard.counts()).toEqual({ email: 3, phone: 2 });
});

test('a malformed policy is told with all that is wrong', () => {
  // From JavaScript anything may come.
  const policy = { mode: 'hide', classes: { IP: 'off' }, allowedKeys: [] } as unknown as Parameters<typeof createGuard>[0];
  expect(() => createGuard(policy)).toThrow(/mode[\s\S]*classes[\s\S]*allowedKeys/);
});

test('no identifier gets through among other text, and what comes out is text', () => {
  const guard = createGuard();
  const rule = guard.rule(ANY);
  const identifiers = ['jane@example.com', '415-555-0123', '203.0.113.7', '078-05-1120', '4111111111111111', '12 Main Street', 'Dr. Jane Roe', '2001:db8::7334'];
  const piece = fc.oneof(fc.constantFrom(...identifiers), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const verdict = guard.text(rule, pieces.join(' | '));
      if (typeof verdict !== 'string') throw new Error('masking gives text');
      expect(verdict.isWellFormed()).toBe(true);
      expect(identifiers.filter((identifier) => verdict.includes(identifier))).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});
