import { describe, expect, test } from '@jest/globals';
import { limits } from '../../src/contract/limits.js';
import { ValidationError } from '../../src/errors/ValidationError.js';
import { normalizeMetric } from '../../src/producer/normalizeMetric.js';
import { createGuard } from '../../src/security/guard/createGuard.js';

const now = 1_795_403_886_082;
const guard = createGuard();

function normalize(input: unknown) {
  return normalizeMetric(input, { guard, now });
}

function refusalOf(input: unknown): ValidationError {
  try {
    normalize(input);
  } catch (error) {
    if (error instanceof ValidationError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

test('the documented samples pass unchanged, their tags in canonical order', () => {
  expect(normalize({ name: 'api_response_time', value: 150, tags: { endpoint: '/api/therapy/session', status: '200', method: 'POST' } })).toEqual({
    name: 'api_response_time', value: 150, timestamp: now,
    tags: [['endpoint', '/api/therapy/session'], ['method', 'POST'], ['status', '200']],
    tagsJson: '{"endpoint":"/api/therapy/session","method":"POST","status":"200"}',
  });
  expect(normalize({ name: 'active_users', value: 1250, tags: { source: 'web', type: 'daily' } }).tagsJson).toBe('{"source":"web","type":"daily"}');
});

test('equal tags are equal texts, whatever their order, numbers as keys too', () => {
  const one = normalize({ name: 'm', value: 1, tags: { b: '1', 10: 'x', 9: 'y', a: '' } });
  const other = normalize({ name: 'm', value: 1, tags: { a: '', 9: 'y', 10: 'x', b: '1' } });
  expect(one.tagsJson).toBe('{"10":"x","9":"y","a":"","b":"1"}');
  expect(other.tagsJson).toBe(one.tagsJson);
});

test('-0 stays -0', () => {
  expect(Object.is(normalize({ name: 'm', value: -0 }).value, -0)).toBe(true);
});

test('names and tags may be any Unicode', () => {
  expect(normalize({ name: 'время:{😀}', value: 1, tags: { 'ключ=,': '\u0000😀' } })).toMatchObject({ name: 'время:{😀}', tags: [['ключ=,', '\u0000😀']] });
});

test('tags are guarded', () => {
  expect(normalize({ name: 'm', value: 1, tags: { user: 'x', email: 'y', note: 'z@example.com', 'b@example.com': '1', 'a@example.com': '2' } }).tags).toEqual([
    ['[masked:email]', '2'], ['[masked:email]#2', '1'], ['email', '[masked:email]'], ['note', '[masked:email]'], ['user', 'x'],
  ]);
});

describe('refused', () => {
  test.each<[string, unknown, string]>([
    ['NaN', { value: Number.NaN }, 'value'],
    ['Infinity', { value: Number.POSITIVE_INFINITY }, 'value'],
    ['a text as value', { value: '1' }, 'value'],
    ['bigint', { value: 1n }, 'value'],
    ['no value', { value: undefined }, 'value'],
    ['an empty name', { name: '' }, 'name'],
    ['a long name', { name: 'x'.repeat(limits.metricNameLength + 1) }, 'name'],
    ['a lone surrogate', { name: '\ud800' }, 'name'],
    ['a number as tag', { tags: { a: 1 } }, 'tags.a'],
    ['null as tag', { tags: { a: null } }, 'tags.a'],
    ['an empty tag key', { tags: { '': 'x' } }, 'tags.<key of 0 characters>'],
    ['a long tag', { tags: { a: 'x'.repeat(limits.tagValueLength + 1) } }, 'tags.a'],
    ['__proto__', { tags: JSON.parse('{"__proto__":"x"}') }, 'tags.__proto__'],
    ['an array of tags', { tags: ['a'] }, 'tags'],
    ['null tags', { tags: null }, 'tags'],
    ['many tags', { tags: Object.fromEntries(Array.from({ length: limits.tags + 1 }, (_, i) => [`t${i}`, 'x'])) }, 'tags'],
    ['a throwing tag', { tags: { get a(): string { throw new Error('getter'); } } }, 'tags.a'],
    ['a time too far ahead', { timestamp: now + limits.aheadMs + 1 }, 'timestamp'],
    ['an unknown field', { unit: 'ms' }, 'unit'],
  ])('%s', (_name, fields, path) => {
    expect(refusalOf({ name: 'm', value: 1, ...(fields as object) }).issues.map((issue) => issue.path)).toEqual([path]);
  });

  test.each([[undefined], [null], ['m'], [[]], [new Date()]])('%p as a sample', (input) => {
    expect(refusalOf(input)).toBeInstanceOf(ValidationError);
  });

  test('with every bad field in one error', () => {
    expect(refusalOf({ name: 1, value: 'x', tags: 2, timestamp: 'now' }).issues.map((issue) => issue.path)).toEqual(['name', 'value', 'tags', 'timestamp']);
  });
});
