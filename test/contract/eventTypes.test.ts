import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { defineEventType, eventTypes } from '../../src/contract/defineEventType.js';
import { EventType } from '../../src/contract/EventType.js';
import { ValidationError } from '../../src/errors/ValidationError.js';

test('knows the eight built-in types, which take any properties', () => {
  const types = createEventTypes();
  expect(types.names()).toEqual(Object.values(EventType));
  expect(types.get('custom')).toEqual({ name: 'custom', schema: undefined, priority: 'normal', retentionDays: undefined });
  expect(types.get('toString')).toBeUndefined();
});

test('a defined type is its name, and keeps its options', () => {
  const types = createEventTypes();
  const schema = z.object({ score: z.number() });
  expect(types.define('mood_entry', { schema, priority: 'high', retentionDays: 30 })).toBe('mood_entry');
  expect(types.get('mood_entry')).toEqual({ name: 'mood_entry', schema, priority: 'high', retentionDays: 30 });
  expect(createEventTypes().get('mood_entry')).toBeUndefined();
});

test('the same shape may be defined again, another may not', () => {
  const types = createEventTypes();
  types.define('mood_entry', { schema: z.object({ score: z.number() }) });
  types.define('mood_entry', { schema: z.object({ score: z.number() }) });
  expect(() => types.define('mood_entry', { schema: z.object({ score: z.string() }) })).toThrow(ValidationError);
  expect(() => types.define('mood_entry', { schema: z.object({ score: z.number() }), retentionDays: 3 })).toThrow(ValidationError);
  expect(() => types.define('mood_entry')).toThrow(ValidationError);
});

test.each([['Mood'], [''], ['1st'], ['_x'], ['a-b'], ['a:b'], ['a'.repeat(65)], ['page_view'], ['a\n']])('%p cannot be defined', (name) => {
  expect(() => createEventTypes().define(name)).toThrow(ValidationError);
});

test('every bad option is told at once', () => {
  const types = createEventTypes();
  // From JavaScript anything may come.
  const options = { schema: {}, priority: 'urgent', retentionDays: 0 } as unknown as Parameters<typeof types.define>[1];
  expect(() => types.define('x', options)).toThrow(/schema[\s\S]*priority[\s\S]*retentionDays/);
  expect(types.get('x')).toBeUndefined();
});

test('defineEventType adds to the types of the process', () => {
  const name = defineEventType('process_wide', { priority: 'low' });
  expect(eventTypes.get(name)?.priority).toBe('low');
});
