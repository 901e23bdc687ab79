import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';

import { dataClasses, type Declaration } from '../../src/contract/dataClasses.js';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { EventType } from '../../src/contract/EventType.js';
import { ValidationError } from '../../src/errors/ValidationError.js';

const declaration: Declaration = {
  classes: {
    properties: { score: 'phi', device: { id: 'pii', '*': 'internal' }, answers: { '*': { text: 'secret' } }, tags: 'public' },
    metadata: 'internal',
  },
  undeclared: 'refuse',
  labels: ['part2'],
};

function typesWith(given: Declaration = declaration) {
  const types = createEventTypes();
  types.define('intake', given);
  return types;
}

test.each([
  [['properties', 'score'], 'phi'],
  [['properties', 'device', 'id'], 'pii'],
  [['properties', 'device', 'model'], 'internal'],
  [['properties', 'device'], 'phi'],
  [['properties', 'answers', 'q1', 'text'], 'secret'],
  [['properties', 'answers', 'q1', 'at'], 'phi'],
  [['properties', 'tags', 'a', 'b'], 'public'],
  [['properties', 'mood'], 'phi'],
  [['properties', 'constructor'], 'phi'],
  [['properties'], 'phi'],
  [['metadata', 'anything'], 'internal'],
  [['userId'], 'pii'],
  [['sessionId'], 'pii'],
  [['timestamp'], 'internal'],
  [['unknown'], 'phi'],
  [[], 'phi'],
])('%j is %s', (path, expected) => {
  expect(typesWith().classOf('intake', path)).toBe(expected);
});

test('what nobody declared is phi: a type without a declaration, and one that nobody knows', () => {
  const types = createEventTypes();
  types.define('plain');
  expect(types.classOf('plain', ['properties', 'x'])).toBe('phi');
  expect(types.classOf('nobody_knows', ['properties', 'x'])).toBe('phi');
  expect(types.classesOf('nobody_knows')).toMatchObject({ undeclared: 'accept', freeText: 'accept' });
});

test('a type carries its labels and policies', () => {
  const classes = typesWith().classesOf('intake');
  expect([...classes.labels]).toEqual(['part2']);
  expect(classes).toMatchObject({ undeclared: 'refuse', freeText: 'accept' });
});

test('every built-in type has a declaration, and a therapy session an allow-list without free text', () => {
  const types = createEventTypes();
  for (const name of Object.values(EventType)) expect(['name', 'wildcard']).toContain(types.classesOf(name).metadata.member('browser').by);
  expect(types.classesOf(EventType.THERAPY_SESSION)).toMatchObject({ undeclared: 'drop', freeText: 'refuse' });
  expect(types.classesOf(EventType.CUSTOM).properties.member('anything')).toMatchObject({ class: 'phi', by: 'wildcard' });
});

describe('declare', () => {
  test('adds members to a built-in type and may give one another class', () => {
    const types = createEventTypes();
    types.declare(EventType.PAGE_VIEW, { classes: { properties: { page: 'public', plan: 'internal' } }, undeclared: 'drop', terms: ['a b'], labels: ['part2'] });
    expect(types.classOf('page_view', ['properties', 'page'])).toBe('public');
    expect(types.classOf('page_view', ['properties', 'plan'])).toBe('internal');
    expect(types.classOf('page_view', ['properties', 'title'])).toBe('phi');
    expect(types.classesOf('page_view').undeclared).toBe('drop');
    expect([...types.classesOf('page_view').labels]).toEqual(['part2']);
    expect(createEventTypes().classOf('page_view', ['properties', 'page'])).toBe('phi');
  });

  test('may be repeated, adds up, and never contradicts itself', () => {
    const types = createEventTypes();
    types.declare('therapy_session', { classes: { properties: { room: 'internal' } } });
    types.declare('therapy_session', { classes: { properties: { room: 'internal', floor: { '*': 'internal' } } }, undeclared: 'refuse' });
    expect(() => types.declare('therapy_session', { classes: { properties: { room: 'public' } } })).toThrow(/classes.properties.room/);
    expect(types.classOf('therapy_session', ['properties', 'room'])).toBe('internal');
    expect(types.classOf('therapy_session', ['properties', 'floor', 'x'])).toBe('internal');
    expect(types.classesOf('therapy_session')).toMatchObject({ undeclared: 'refuse', freeText: 'refuse' });
  });

  test('never makes a type milder than it is built in', () => {
    const types = createEventTypes();
    types.declare('therapy_session', { undeclared: 'accept', freeText: 'accept' });
    expect(types.classesOf('therapy_session')).toMatchObject({ undeclared: 'drop', freeText: 'refuse' });
  });

  test('is for built-in types', () => {
    expect(() => typesWith().declare('intake', {})).toThrow(ValidationError);
  });
});

test('a type may be defined again with the same declaration only', () => {
  const types = typesWith();
  types.define('intake', structuredClone(declaration));
  expect(() => types.define('intake', { ...declaration, undeclared: 'drop' })).toThrow(/declaration/);
});

test('everything that is wrong is told at once, by place and never by value', () => {
  // From JavaScript anything may come.
  const wrong = {
    classes: { properties: { a: 'hush-hush', b: { c: 7 } }, meta: {} },
    undeclared: 'ignore',
    freeText: 'maybe',
    terms: [1],
    labels: ['part3'],
  } as unknown as Declaration;
  expect(() => typesWith(wrong)).toThrow(/classes\.properties\.a[\s\S]*classes\.properties\.b\.c[\s\S]*classes:[\s\S]*undeclared[\s\S]*freeText[\s\S]*terms[\s\S]*labels/);
  expect(() => typesWith(wrong)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hush-hush') }));
  const deep: Record<string, unknown> = {};
  let inner = deep;
  for (let level = 0; level < 1000; level++) inner = inner['a'] = {};
  expect(() => typesWith({ classes: { properties: deep } } as Declaration)).toThrow(/16 levels/);
});

test('a schema and a declaration go together', () => {
  const types = createEventTypes();
  const mood = types.define('mood', { schema: z.object({ score: z.number() }), classes: { properties: { score: 'phi' } } });
  expect(types.classOf(mood, ['properties', 'score'])).toBe('phi');
  expect(dataClasses).toEqual(['public', 'internal', 'pii', 'phi', 'secret']);
});
