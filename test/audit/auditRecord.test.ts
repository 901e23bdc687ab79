import { createHash } from 'node:crypto';

import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import { canonicalText, hashRecord, type AuditRecord } from '../../src/audit/AuditRecord.js';
import { PseudonymLists } from '../../src/audit/PseudonymLists.js';

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }).map((any) => any.toWellFormed()), fc.constantFrom('"', '\\', '\u007f', '\u2028', 'a\n"}', ''));
const record: fc.Arbitrary<AuditRecord> = fc.record(
  {
    at: fc.nat({ max: 2 ** 45 }),
    actor: fc.record({ roles: fc.array(text, { maxLength: 3 }), subject: text, via: text }),
    chain: text,
    count: fc.maxSafeNat(),
    operation: text,
    origin: text,
    outcome: fc.constantFrom('allowed' as const, 'denied' as const, 'failed' as const),
    previous: fc.constant('0'.repeat(64)),
    purpose: text,
    reason: text,
    seq: fc.maxSafeNat(),
    series: text,
    subjects: fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64url')), { minLength: 1, maxLength: 5 }),
  },
  { requiredKeys: ['at', 'actor', 'chain', 'operation', 'outcome', 'previous', 'purpose', 'seq'] },
);

/** An object with its members sorted, all the way down. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([name, member]) => [name, sorted(member)]));
}

it('a record is hashed as canonical JSON, whatever its texts hold', () => {
  fc.assert(
    fc.property(record, (one) => {
      const expected = JSON.stringify(sorted({ ...one, v: 1 }));
      expect(canonicalText(one)).toBe(expected);
      expect(hashRecord(one)).toBe(createHash('sha256').update(expected).digest('hex'));
    }),
    { numRuns: 500 },
  );
});

it('those whom a read is about are named by sorted pseudonyms, each once, whoever was read before', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'same as d'), { maxLength: 6 }), { maxLength: 40 }), (reads) => {
      const pseudonymOf = (user: string): string => `p-${user === 'same as d' ? 'd' : user}`;
      const lists = new PseudonymLists(pseudonymOf);
      for (const users of reads) {
        const given: string[] = [...users];
        expect(lists.of(given)).toEqual([...new Set(users.map(pseudonymOf))].toSorted());
        given.push('changed afterwards');
      }
    }),
    { numRuns: 200 },
  );
});
