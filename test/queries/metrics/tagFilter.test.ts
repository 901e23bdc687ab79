import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ValidationError } from '../../../src/errors/ValidationError.js';
import type { TagFilter } from '../../../src/queries/metrics/tagFilter.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { createMetricFixture } from './metricFixture.js';

const START = 480_000 * 3_600_000;

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

const key = fc.constantFrom('a', 'b', '10', 'constructor', 'ä');
const value = fc.constantFrom('', 'x', 'y', 'xy', '/api/v1', 'X', 'x\ny', '😀');
const pattern = fc.constantFrom('', 'x', '.*', 'x.*', '[xy]+', '/api/.*', '(?i)x', 'x|y', '^x$', '(?s)x.y', '.', '\\p{L}+');
const conditions = fc.record(
  { not: value, in: fc.array(value, { maxLength: 3 }), notIn: fc.array(value, { maxLength: 3 }), exists: fc.boolean(), matches: pattern, notMatches: pattern },
  { requiredKeys: [], noNullPrototype: true },
);
const filter = fc.dictionary(key, fc.oneof(value, conditions), { maxKeys: 3, noNullPrototype: true });
const tagSets = fc.uniqueArray(fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true }), { selector: (tags) => JSON.stringify(Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1))), minLength: 1, maxLength: 8 });

/** The filter as it reads, by JavaScript's own expressions. */
function passes(tags: Readonly<Record<string, string>>, asked: TagFilter): boolean {
  return Object.entries(asked).every(([name, wanted]) => {
    const has = Object.hasOwn(tags, name);
    const own = has ? tags[name]! : undefined;
    if (typeof wanted === 'string') return own === wanted;
    if (wanted === undefined) return true;
    const isMatch = (text: string): boolean => {
      const [, flags = '', rest = ''] = /^(?:\(\?([is]+)\))?([^]*)$/.exec(text)!;
      return own !== undefined && new RegExp(`^(?:${rest})$`, `u${flags}`).test(own);
    };
    return (
      (wanted.not === undefined || own !== wanted.not) &&
      (wanted.in === undefined || (own !== undefined && wanted.in.includes(own))) &&
      (wanted.notIn === undefined || own === undefined || !wanted.notIn.includes(own)) &&
      (wanted.exists === undefined || wanted.exists === has) &&
      (wanted.matches === undefined || isMatch(wanted.matches)) &&
      (wanted.notMatches === undefined || !isMatch(wanted.notMatches))
    );
  });
}

describe('a filter of tags', () => {
  it('passes the series that a naive model passes', async () => {
    await fc.assert(
      fc.asyncProperty(tagSets, fc.array(filter, { minLength: 1, maxLength: 6 }), async (sets, filters) => {
        const store = await createMetricFixture(server.url);
        await store.run(store.batch(sets.map((tags, place) => ({ name: 'cpu', value: place, tags, timestamp: START }))));
        for (const asked of filters) {
          const found = await store.get({ name: 'cpu', tags: asked });
          const expected = sets.flatMap((tags, place) => (passes(tags, asked) ? [place] : []));
          expect(found.map((sample) => sample.value).sort((one, other) => one - other)).toEqual(expected);
        }
        store.redis.disconnect();
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 60) },
    );
  });

  it('takes time in proportion to the text, whatever the pattern', async () => {
    const store = await createMetricFixture(server.url);
    await store.run(store.batch([{ name: 'cpu', value: 1, tags: { a: 'a'.repeat(512) }, timestamp: START }]));
    const before = process.cpuUsage();
    for (const matches of ['(a+)+b', '(a|aa)+b', '(.*)*b', '(a*)*(a*)*b', '(x+x+)+y|a*b']) expect(await store.get({ name: 'cpu', tags: { a: { matches } } })).toEqual([]);
    // Each would take longer than the world is old with backtracking.
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
    store.redis.disconnect();
  });

  it.each<[string, unknown]>([
    ['no pattern', { matches: '(' }],
    ['what RE2 does not know', { matches: '(a)\\1' }],
    ['lookahead', { notMatches: '(?=a)' }],
    ['a pattern that is too long', { matches: 'a'.repeat(513) }],
    ['a pattern that is too large', { matches: '((a{30}){30}){30}' }],
    ['a repetition without end', { matches: 'a{1001}' }],
    ['an unknown condition', { like: 'a' }],
    ['a list of other things', { in: [1] }],
    ['a list that is too long', { in: Array.from({ length: 1025 }, () => 'a') }],
    ['a number', 7],
    ['null', null],
    ['a list', ['a']],
    ['an expression of JavaScript', { matches: /a/ }],
  ])('refuses %s, and quotes nothing', async (_, condition) => {
    const store = await createMetricFixture(server.url);
    const error: unknown = await store.get({ name: 'cpu', tags: { secret: condition } } as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).issues.map(({ path }) => path)).toEqual(['tags']);
    expect((error as Error).message).not.toMatch(/secret|aaa|1001/);
    store.redis.disconnect();
  });

  it('is not widened by a key that no tag can have', async () => {
    const store = await createMetricFixture(server.url);
    await store.run(store.batch([{ name: 'cpu', value: 1, timestamp: START }]));
    for (const tags of [JSON.parse('{"__proto__":"x"}'), { '': 'x' }, { ['k'.repeat(129)]: { not: 'x' } }, Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`k${n}`, 'x']))]) {
      expect(await store.get({ name: 'cpu', tags } as never).catch((reason: unknown) => reason)).toBeInstanceOf(ValidationError);
    }
    store.redis.disconnect();
  });
});
