import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { RowsTable } from '../../../src/codec/columns/RowsTable.js';
import type { JsonObject, JsonValue } from '../../../src/contract/json.js';
import { limits } from '../../../src/contract/limits.js';
import type { EventFilter } from '../../../src/queries/events/filter/EventFilter.js';
import { matchRows } from '../../../src/queries/events/filter/matchRows.js';
import { parseFilter } from '../../../src/queries/events/filter/parseFilter.js';
import { IssueList } from '../../../src/producer/validateIssues.js';
import { hostileRuns } from '../../support/hostileRuns.js';
import { oddValue } from '../../support/oddValues.js';

/** Which of some values of `properties.m` pass a condition on it; undefined stands for an event without the member. */
function passing(condition: object, values: readonly (JsonValue | undefined)[], field: unknown = 'properties.m'): (JsonValue | undefined)[] {
  const issues = new IssueList();
  const parsed = parseFilter({ field, ...condition }, issues);
  issues.throwIfAny('test');
  const all = <T>(value: T): T[] => values.map(() => value);
  const table = new RowsTable(
    {
      batchId: '0190a1b2-c3d4-7000-8123-0123456789ab',
      priority: 'normal',
      places: values.map((_, place) => place),
      types: all('page_view'),
      timestamps: all(1),
      users: all(null),
      sessions: all(null),
      callerIds: new Map(),
      properties: values.map((m) => JSON.stringify({ m })),
      metadata: all(''),
    },
    1,
  );
  const mask = matchRows(parsed!.predicate, table);
  return values.filter((_, row) => (typeof mask === 'boolean' ? mask : mask[row] === 1));
}

function issuesOf(where: unknown): { path: string; given: string; allowed: string }[] {
  const issues = new IssueList();
  const parsed = parseFilter(where, issues);
  expect(parsed === undefined).toBe(!issues.isEmpty);
  return [...issues.toError('test').issues];
}

describe('a condition', () => {
  const values = [undefined, null, true, 0, 1, '', '1', 'abc', 'abd', ['abc', 1], { k: 1 }];

  it('compares strictly by type', () => {
    expect(passing({ eq: 1 }, values)).toEqual([1]);
    expect(passing({ eq: '1' }, values)).toEqual(['1']);
    expect(passing({ eq: null }, values)).toEqual([null]);
    expect(passing({ in: [1, 'abc', true] }, values)).toEqual([true, 1, 'abc']);
    expect(passing({ in: [] }, values)).toEqual([]);
    expect(passing({ gte: 0 }, values)).toEqual([0, 1]);
    expect(passing({ gt: '1' }, values)).toEqual(['abc', 'abd']);
    expect(passing({ lt: 'abd' }, values)).toEqual(['', '1', 'abc']);
    expect(passing({ lte: 0 }, values)).toEqual([0]);
  });

  it('orders texts by code units', () => {
    expect(passing({ gt: 'Z' }, ['Z', 'a', 'é', '\u{1F600}', '\uFFFF'])).toEqual(['a', 'é', '\u{1F600}', '\uFFFF']);
    expect(passing({ lt: '\uFFFF' }, ['\u{1F600}', '\uFFFF'])).toEqual(['\u{1F600}']);
  });

  it('passes a missing member by `ne`, `exists: false` and `not` only', () => {
    expect(passing({ ne: 1 }, values)).toEqual(values.filter((value) => value !== 1));
    expect(passing({ exists: false }, values)).toEqual([undefined]);
    expect(passing({ exists: true }, values)).toEqual(values.slice(1));
    for (const condition of [{ eq: 'x' }, { gt: 0 }, { lt: 'z' }, { in: [null] }, { prefix: '' }, { contains: '' }]) {
      expect(passing(condition, [undefined])).toEqual([]);
    }
  });

  it('finds beginnings and parts of texts, and items of arrays', () => {
    expect(passing({ prefix: 'ab' }, values)).toEqual(['abc', 'abd']);
    expect(passing({ prefix: '' }, values)).toEqual(['', '1', 'abc', 'abd']);
    expect(passing({ contains: 'bc' }, values)).toEqual(['abc']);
    expect(passing({ contains: 'abc' }, values)).toEqual(['abc', ['abc', 1]]);
    expect(passing({ contains: 1 }, values)).toEqual([['abc', 1]]);
  });

  it('holds when all of its operators do', () => {
    expect(passing({ gte: 0, lt: 1 }, values)).toEqual([0]);
    expect(passing({ eq: 1, ne: 1 }, values)).toEqual([]);
    expect(passing({ eq: 1, gt: undefined }, values)).toEqual([1]);
  });

  it('goes down nested objects by dots, or key by key where keys hold dots, and into own members only', () => {
    const nested: JsonObject[] = [{ a: { b: 1 } }, { 'a.b': 1 }, { a: [{ b: 1 }] }, {}];
    expect(passing({ eq: 1 }, nested, 'properties.m.a.b')).toEqual([nested[0]]);
    expect(passing({ eq: 1 }, nested, ['properties', 'm', 'a.b'])).toEqual([nested[1]]);
    expect(passing({ exists: true }, nested, 'properties.m.constructor')).toEqual([]);
    expect(passing({ exists: true }, nested, 'properties.m.a.length')).toEqual([]);
    expect(passing({ exists: true }, nested, 'properties.toString')).toEqual([]);
  });
});

describe('a filter that is refused', () => {
  it('is told by the path of each fault, and no word of what was given', () => {
    expect(issuesOf({ and: [{ field: 'userId', eq: 'a' }, { field: 'properties.n', gt: Number.NaN }] })).toEqual([
      { path: 'where.and[1].gt', given: 'NaN', allowed: expect.stringContaining('finite number') },
    ]);
    const faults = issuesOf({
      or: [
        { field: 'secret.field', eq: ['secret'] },
        { field: 'userId' },
        { field: 'userId', like: 'secret' },
        { not: 'secret' },
        { and: {}, or: [] },
        {},
        { field: 'userId', in: ['a', {}] },
        { field: 'userId', exists: 'secret', prefix: 5 },
      ],
    });
    expect(faults.map(({ path }) => path)).toEqual([
      'where.or[0].field',
      'where.or[0].eq',
      'where.or[1]',
      'where.or[2].like',
      'where.or[3].not',
      'where.or[4]',
      'where.or[5]',
      'where.or[6].in',
      'where.or[7].exists',
      'where.or[7].prefix',
    ]);
    expect(JSON.stringify(faults)).not.toContain('secret');
  });

  it.each<[string, unknown]>([
    ['no object', 'userId = 1'],
    ['null', null],
    ['an array', []],
    ['a class instance', new Map()],
    ['a proxy that throws', new Proxy({}, { ownKeys: () => { throw new Error('trap'); } })],
    ['a getter that throws', { get field() { throw new Error('getter'); }, eq: 1 }],
    ['a list that is a proxy which throws', { field: 'userId', in: new Proxy([1], { get: () => { throw new Error('trap'); } }) }],
    ['a field that is one', { field: new Proxy(['userId'], { get: () => { throw new Error('trap'); } }), eq: 1 }],
    ['a field with too many keys', { field: ['properties', ...Array<string>(17).fill('a')], eq: 1 }],
    ['a field with a hole', { field: ['properties', , 'a'], eq: 1 }], // oxlint-disable-line no-sparse-arrays
    ['a field with a key that is too long', { field: `properties.${'k'.repeat(129)}`, eq: 1 }],
    ['properties themselves', { field: 'properties', exists: true }],
    ['below a text', { field: 'userId.x', eq: 1 }],
    ['__proto__ as a field', { field: '__proto__', eq: 1 }],
    ['a bigint', { field: 'userId', eq: 1n }],
    ['Infinity', { field: 'timestamp', lt: Infinity }],
    ['a Date', { field: 'timestamp', lt: new Date() }],
    ['a text that is too long', { field: 'userId', eq: 'a'.repeat(limits.filterTextLength + 1) }],
    ['a list that is too long', { field: 'userId', in: Array<number>(limits.filterListLength + 1).fill(1) }],
    ['a list with a hole', { field: 'userId', in: [1, , 2] }], // oxlint-disable-line no-sparse-arrays
    ['too many conditions', { and: Array.from({ length: limits.filterNodes }, () => ({ field: 'userId', eq: 'a' })) }],
    ['too many operators', { and: Array.from({ length: 100 }, () => ({ field: 'timestamp', gt: 1, lt: 5, ne: 2 })) }],
  ])('has a reason: %s', (_, where) => {
    expect(issuesOf(where).length).toBeGreaterThan(0);
  });

  it('is as deep as allowed and no deeper, a cycle included', () => {
    const nested = (depth: number): EventFilter => (depth === 1 ? { field: 'userId', eq: 'a' } : { not: nested(depth - 1) });
    expect(issuesOf(nested(limits.filterDepth))).toEqual([]);
    expect(issuesOf(nested(limits.filterDepth + 1))).toEqual([expect.objectContaining({ given: 'more than 16 levels' })]);
    const cycle: { and: unknown[] } = { and: [] };
    cycle.and.push(cycle, cycle);
    expect(issuesOf(cycle).length).toBeGreaterThan(0);
  });

  it('never throws, whatever it is', () => {
    const tried = fc.property(oddValue, (where) => {
      issuesOf(where);
      issuesOf({ and: [where] });
      issuesOf({ field: 'properties.a', in: where });
      issuesOf({ field: where, eq: where });
    });
    expect(() => fc.assert(tried, { numRuns: hostileRuns('filters') })).not.toThrow();
  });
});

it('reads every member once: what was checked is what is compared', () => {
  let reads = 0;
  const tricky = {
    field: 'properties.m',
    get eq() {
      reads += 1;
      return reads === 1 ? 1 : { trick: true };
    },
  };
  const list = [1];
  const issues = new IssueList();
  const parsed = parseFilter({ and: [tricky, { field: 'properties.m', in: list }] }, issues);
  expect([parsed === undefined, issues.isEmpty, reads]).toEqual([false, true, 1]);
  list.push(2);
  expect(parsed!.canonical).toBe('["and",["eq",["properties","m"],1],["in",["properties","m"],[1]]]');
});
