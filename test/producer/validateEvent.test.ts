import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { EventPriority } from '../../src/contract/EventPriority.js';
import { limits } from '../../src/contract/limits.js';
import { ValidationError } from '../../src/errors/ValidationError.js';
import { normalizeEvent } from '../../src/producer/normalizeEvent.js';
import { createGuard } from '../../src/security/guard/createGuard.js';
import type { Guard } from '../../src/security/guard/Guard.js';

const now = 1_795_403_886_082;
const types = createEventTypes();
types.define('mood_entry', {
  schema: z.object({ score: z.number().min(0).max(10), contact: z.email().optional(), source: z.string().default('app') }),
  priority: EventPriority.HIGH,
});
const guard = createGuard();

function normalize(input: unknown, given: Guard = guard) {
  return normalizeEvent(input, { types, guard: given, now });
}

function refusalOf(input: unknown, given: Guard = guard): ValidationError {
  try {
    normalize(input, given);
  } catch (error) {
    if (error instanceof ValidationError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

function withProperties(properties: unknown) {
  return { type: 'custom', properties };
}

test('the documented event passes unchanged', () => {
  const event = {
    type: 'user_action', priority: 'normal', userId: 'user-123', sessionId: 'session-456',
    properties: { action: 'click', target: 'submit-button', page: '/therapy/session' },
    metadata: { browser: 'Chrome', os: 'macOS', timestamp: now - 5 },
  };
  const { properties, metadata, ...fields } = event;
  expect(normalize(event)).toEqual({
    ...fields, id: undefined, timestamp: now - 5,
    propertiesJson: JSON.stringify(properties), metadataJson: JSON.stringify(metadata),
    bytes: JSON.stringify(properties).length + JSON.stringify(metadata).length,
  });
});

test('one error lists every bad field, by kind and never by value', () => {
  const secret = 'hunter2-very-secret';
  const error = refusalOf({
    id: '', type: secret, priority: secret, userId: 12, sessionId: null, colour: secret, timestamp: 'noon',
    properties: { page: Number.NaN, [`${secret}@example.com`]: 1n, list: [1, undefined] }, metadata: [secret],
  });
  expect(error.issues.map((issue) => issue.path).sort()).toEqual(
    ['id', 'type', 'priority', 'userId', 'sessionId', 'colour', 'timestamp', 'properties.page', 'properties.<key of 31 characters>', 'properties.list[1]', 'metadata'].sort(),
  );
  expect(`${error.message}${JSON.stringify(error.issues)}`).not.toContain(secret);
});

test('an unknown type is refused with the known ones', () => {
  expect(refusalOf({ type: 'mood' }).issues).toEqual([{ path: 'type', given: 'an unknown type', allowed: types.names().join(', ') }]);
  expect(refusalOf({ type: 'constructor' }).issues).toHaveLength(1);
});

describe('the time of an event', () => {
  test.each([
    ['timestamp before metadata.timestamp', { timestamp: 5, metadata: { timestamp: 'noon' } }, 5],
    ['metadata.timestamp', { metadata: { timestamp: 7 } }, 7],
    ['now', { metadata: { other: 1 } }, now],
    ['without its fraction', { timestamp: 12.9 }, 12],
    ['0 for -0', { timestamp: -0 }, 0],
    ['not what stands deeper', { metadata: { nested: { timestamp: 3 } } }, now],
    ['not what properties hold', { properties: { timestamp: 3 }, metadata: {} }, now],
    ['24 hours ahead', { timestamp: now + limits.aheadMs }, now + limits.aheadMs],
  ])('is %s', (_name, fields, expected) => {
    expect(Object.is(normalize({ type: 'custom', ...fields }).timestamp, expected)).toBe(true);
  });

  test.each([[now + limits.aheadMs + 1], [-1], [Number.NaN], [Number.POSITIVE_INFINITY], ['2026-01-01'], [null], [new Date()]])('is not %p', (timestamp) => {
    expect(refusalOf({ type: 'custom', timestamp }).issues[0]?.path).toBe('timestamp');
    expect(refusalOf({ type: 'custom', metadata: { timestamp } }).issues[0]?.path).toMatch(/^metadata\.timestamp/);
  });
});

describe('odd values have defined answers', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const shared = { a: 1 };
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const throwing = () => {
    throw new Error('trap');
  };
  // Kept: given → stored as JSON
  test.each<[string, unknown, string]>([
    ['-0', { a: -0 }, '{"a":0}'],
    ['undefined members', { a: undefined, b: 1 }, '{"b":1}'],
    ['null', { a: null }, '{"a":null}'],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['the same object twice', { a: shared, b: [shared] }, '{"a":{"a":1},"b":[{"a":1}]}'],
    ['a getter, read once', { get a() { return 1; } }, '{"a":1}'],
    ['a proxy, read as what it shows', new Proxy({ a: 1 }, {}), '{"a":1}'],
    ['toJSON as data', { toJSON: 'x', a: { toJSON: 1 } }, '{"toJSON":"x","a":{"toJSON":1}}'],
    ['names of Object.prototype', { toString: 'x', hasOwnProperty: 1, constructor: 'c', valueOf: null }, '{"toString":"x","hasOwnProperty":1,"constructor":"c","valueOf":null}'],
    ['symbol keys, left out', { [Symbol('s')]: 1, a: 1 }, '{"a":1}'],
    ['hidden members, left out', Object.defineProperty({ a: 1 }, 'b', { value: 2 }), '{"a":1}'],
    ['an empty key', { '': 1 }, '{"":1}'],
    ['any Unicode', { 'ключ😀': '\u0000\u2028"\\' }, JSON.stringify({ 'ключ😀': '\u0000\u2028"\\' })],
    [`${limits.depth} levels`, deep(limits.depth), JSON.stringify(deep(limits.depth))],
  ])('%s', (_name, properties, json) => {
    expect(normalize(withProperties(properties)).propertiesJson).toBe(json);
  });

  // Refused: given → where, and what the error says of it
  test.each<[string, unknown, string, RegExp]>([
    ['NaN', { a: Number.NaN }, 'properties.a', /NaN/],
    ['Infinity', { a: [Number.NEGATIVE_INFINITY] }, 'properties.a[0]', /-Infinity/],
    ['bigint', { a: 1n }, 'properties.a', /bigint/],
    ['symbol', { a: Symbol('s') }, 'properties.a', /symbol/],
    ['function', { toJSON: throwing }, 'properties.toJSON', /function/],
    ['Date', { a: new Date() }, 'properties.a', /Date/],
    ['Map', { a: new Map() }, 'properties.a', /Map/],
    ['Set', { a: new Set() }, 'properties.a', /Set/],
    ['bytes', { a: Buffer.from('x') }, 'properties.a', /binary/],
    ['boxed', { a: Object(1) }, 'properties.a', /class/],
    ['class', { a: new (class Thing {})() }, 'properties.a', /class/],
    ['error', { a: new Error('x') }, 'properties.a', /class/],
    ['undefined item', { a: [undefined] }, 'properties.a[0]', /undefined/],
    ['hole', { a: Object.assign([], { 0: 1, 2: 2 }) }, 'properties.a[1]', /undefined/],
    ['cycle', cycle, 'properties.self', /cycle/],
    ['lone surrogate', { a: '\ud800' }, 'properties.a', /surrogate/],
    ['lone surrogate in a key', { '\udc00': 1 }, 'properties.<key of 1 characters>', /surrogate/],
    ['__proto__', JSON.parse('{"a":{"__proto__":{"b":1}}}'), 'properties.a.__proto__', /prototype/],
    ['constructor.prototype', JSON.parse('{"constructor":{"prototype":{"b":1}}}'), 'properties.constructor.prototype', /prototype/],
    ['throwing getter', { get a(): unknown { throw new Error('getter'); } }, 'properties.a', /throws/],
    ['throwing proxy', { a: new Proxy({}, { ownKeys: throwing }) }, 'properties.a', /throws/],
    ['proxy of getPrototypeOf', { a: new Proxy({}, { getPrototypeOf: throwing }) }, 'properties.a', /throws/],
    ['revoked proxy', { a: revoked.proxy }, 'properties.a', /throws/],
    ['too deep', deep(limits.depth + 1), `properties${'.a'.repeat(limits.depth)}`, /levels/],
    ['too many keys', Object.fromEntries(Array.from({ length: limits.keys + 1 }, (_, i) => [`k${i}`, 1])), 'properties', /keys/],
    ['long key', { ['k'.repeat(limits.keyLength + 1)]: 1 }, `properties.<key of ${limits.keyLength + 1} characters>`, /key of/],
    ['long array', { a: Array(limits.arrayLength + 1).fill(0) }, 'properties.a', /items/],
    ['too many bytes', { a: 'x'.repeat(limits.eventBytes) }, 'properties and metadata', /bytes/],
    ['too many bytes of UTF-8', { a: '€'.repeat(limits.eventBytes / 3) }, 'properties and metadata', /bytes/],
    ['array', [], 'properties', /array/],
    ['null', null, 'properties', /null/],
    ['text', '{}', 'properties', /string/],
  ])('%s is refused', (_name, properties, path, given) => {
    const { issues } = refusalOf(withProperties(properties));
    expect(issues).toHaveLength(1);
    expect(issues[0]?.path).toBe(path);
    expect(issues[0]?.given).toMatch(given);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined], ['null', null], ['text', 'event'], ['array', []], ['function', () => 1], ['Date', new Date()],
    ['revoked proxy', revoked.proxy], ['throwing proxy', new Proxy({}, { ownKeys: throwing })], ['event with a throwing type', { get type(): string { throw new Error('getter'); } }],
  ])('%s is no event', (_name, input) => {
    expect(refusalOf(input)).toBeInstanceOf(ValidationError);
  });
});

test('an input of any size is refused soon', () => {
  let wide: unknown = 1;
  for (let level = 0; level < 14; level++) wide = Array(1_000).fill(wide);
  expect(refusalOf(withProperties({ wide })).issues).toHaveLength(1);
  const { issues } = refusalOf(withProperties({ list: Array(1_000).fill(Number.NaN) }));
  expect(issues).toHaveLength(100);
});

test('what the caller holds is not kept, changed or called', () => {
  let reads = 0;
  const nested = { value: 1 };
  const input = withProperties(Object.freeze({ nested, get counted() { reads++; return reads; } }));
  const event = normalize(input);
  nested.value = 2;
  expect(JSON.parse(event.propertiesJson)).toEqual({ nested: { value: 1 }, counted: 1 });
  expect(reads).toBe(1);
});

test('a toJSON that somebody put on a prototype is not called', () => {
  const prototype = Object.prototype as { toJSON?: unknown };
  Object.defineProperty(prototype, 'toJSON', { value: () => 'changed', configurable: true });
  try {
    const event = normalize(withProperties({ a: [1, { b: 'x"' }], c: null }));
    expect(event.propertiesJson).toBe('{"a":[1,{"b":"x\\""}],"c":null}');
  } finally {
    delete prototype.toJSON;
  }
});

test('nothing is taken from a polluted prototype', () => {
  const prototype = Object.prototype as { userId?: unknown; extra?: unknown };
  prototype.userId = 'somebody';
  prototype.extra = 'x';
  try {
    const event = normalize(withProperties({ a: 1 }));
    expect(event.userId).toBeUndefined();
    expect(event.propertiesJson).toBe('{"a":1}');
  } finally {
    delete prototype.userId;
    delete prototype.extra;
  }
});

describe('a type with a schema', () => {
  test('takes what fits, with defaults, without undeclared members, and its own priority', () => {
    const event = normalize({ type: 'mood_entry', properties: { score: 7, undeclared: 1 } });
    expect(event.propertiesJson).toBe('{"score":7,"source":"app"}');
    expect(event.priority).toBe('high');
    expect(normalize({ type: 'mood_entry', priority: 'low', properties: { score: 7 } }).priority).toBe('low');
  });

  test('refuses the rest with every bad field', () => {
    expect(refusalOf({ type: 'mood_entry', userId: 1, properties: { score: 11, contact: 'jane' } }).issues).toEqual([
      { path: 'properties.score', given: 'too much', allowed: 'at most 10' },
      { path: 'properties.contact', given: 'another format', allowed: 'the format email' },
      { path: 'userId', given: 'number', allowed: 'a string of 1 to 256 characters, well-formed Unicode' },
    ]);
    expect(refusalOf({ type: 'mood_entry' }).issues[0]?.path).toBe('properties.score');
  });

  test('is asked before the guard, so that masked values need not fit', () => {
    const event = normalize({ type: 'mood_entry', properties: { score: 1, contact: 'jane@example.com' } });
    expect(event.propertiesJson).toContain('"contact":"[masked:email]"');
  });

  test('may not be asynchronous, throw, or make what JSON cannot hold', () => {
    const own = createEventTypes();
    own.define('later', { schema: z.object({ a: z.string().refine(async () => true) }) });
    own.define('throwing', { schema: z.object({ a: z.string().refine(() => { throw new Error('refine'); }) }) });
    own.define('dated', { schema: z.object({ a: z.coerce.date() }) });
    for (const type of own.names().slice(-3)) {
      expect(() => normalizeEvent({ type, properties: { a: '2026' } }, { types: own, guard, now })).toThrow(ValidationError);
    }
  });
});

describe('the guard', () => {
  test('masks keys and values, and keeps two keys that are masked alike', () => {
    const event = normalize({ type: 'custom', properties: { note: 'call 415-555-0123', 'a@example.com': 1, 'b@example.com': 2, patient: { name: 'Roe', visits: [1] } }, metadata: { ip: '203.0.113.7' } });
    expect(JSON.parse(event.propertiesJson)).toEqual({ note: 'call [masked:phone]', '[masked:email]': 1, '[masked:email]#2': 2, patient: { name: '[masked:name]', visits: [1] } });
    expect(JSON.parse(event.metadataJson ?? '')).toEqual({ ip: '[masked:ip]' });
  });

  test('drops members and items', () => {
    const event = normalize(withProperties({ a: 'x@example.com', b: ['x@example.com', 'y'], 'c@example.com': 1 }), createGuard({ mode: 'drop' }));
    expect(event.propertiesJson).toBe('{"b":["y"]}');
  });

  test('refuses with the place and the class', () => {
    const { issues } = refusalOf(withProperties({ a: 'x@example.com', b: { phone: '1' } }), createGuard({ mode: 'refuse' }));
    expect(issues.map((issue) => [issue.path, issue.given])).toEqual([
      ['properties.a', 'what looks like a direct identifier (email)'],
      ['properties.b.phone', 'what looks like a direct identifier (phone)'],
    ]);
  });

  test('that fails refuses the event', () => {
    const failing = createGuard({ detectors: [{ class: 'own', find: () => { throw new Error('jane@example.com'); } }] });
    const error = refusalOf(withProperties({ a: 'x' }), failing);
    expect(error.message).not.toContain('jane');
    const astray = createGuard({ detectors: [{ class: 'own', find: () => [{ start: 0, end: 99 }] }] });
    expect(refusalOf(withProperties({ a: 'x' }), astray)).toBeInstanceOf(ValidationError);
  });
});
