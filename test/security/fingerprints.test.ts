import { createHash, randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Fingerprints } from '../../src/security/Fingerprints.js';

const root = randomBytes(32);
const fingerprints = new Fingerprints(root);
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.stringMatching(/^[\d:|]{0,4}$/));
const hex = (bytes: Buffer) => bytes.toString('hex');

describe('fingerprints', () => {
  it('are the same in every process that has the key, and others under another key', () => {
    const [again, other] = [new Fingerprints(root), new Fingerprints(randomBytes(32))];
    const all = (from: Fingerprints) => [from.user('u', 1), from.metricName('u'), from.series('u', '{}'), from.tag('u', 'k', 'v'), from.seen('event', 'u'), from.visitor('u')].map(hex);
    expect(all(again)).toEqual(all(fingerprints));
    for (const [place, one] of all(other).entries()) expect(one).not.toBe(all(fingerprints)[place]);
  });

  it('tell users apart, and a user’s one day from the next, in whatever order days are asked for', () => {
    const users = Array.from({ length: 2000 }, (_, place) => `user-${place}`);
    const days = [20_000, 20_001, 20_000].map((day) => users.map((user) => hex(fingerprints.user(user, day))));
    expect(days[2]).toEqual(days[0]);
    // Two of 2,000 share 4 bytes once in 2,000 runs.
    expect(new Set(days[0]).size).toBeGreaterThanOrEqual(1998);
    expect(days[0]?.filter((one, place) => one === days[1]?.[place])).toHaveLength(0);
  });

  it('stand for a visitor on every day, but for no other', () => {
    const visitors = Array.from({ length: 2000 }, (_, place) => hex(fingerprints.visitor(`user-${place}`)));
    fingerprints.user('user-1', 20_000);
    expect(hex(fingerprints.visitor('user-1'))).toBe(visitors[1]);
    expect(new Set(visitors).size).toBe(2000);
  });

  it('of one place cannot be looked up in another', () => {
    const same = ['user', 'custom', 'x'].flatMap((word) => [fingerprints.metricName(word), fingerprints.series(word, ''), fingerprints.tag(word, '', ''), fingerprints.seen('event', word), fingerprints.seen('batch', word), fingerprints.visitor(word)]);
    expect(new Set(same.map((bytes) => hex(bytes.subarray(0, 8)))).size).toBe(same.length);
  });

  it('are told apart however name, key and value run into each other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(text, text, text), { selector: (one) => JSON.stringify(one), minLength: 2, maxLength: 10 }), (triples) => {
        expect(new Set(triples.map(([name, key, value]) => hex(fingerprints.tag(name, key, value)))).size).toBe(triples.length);
        const pairs = [...new Map(triples.map(([name, tags]) => [JSON.stringify([name, tags]), [name, tags] as const])).values()];
        expect(new Set(pairs.map(([name, tags]) => hex(fingerprints.series(name, tags)))).size).toBe(pairs.length);
      }),
    );
  });

  it('are no hashes that anybody could make', () => {
    const plain = createHash('sha256').update('user-1').digest();
    for (const one of [fingerprints.user('user-1', 1), fingerprints.visitor('user-1'), fingerprints.metricName('user-1')]) expect(plain.includes(one.subarray(0, 4))).toBe(false);
  });
});
