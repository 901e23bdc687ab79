import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eventDataSchema } from '../../src/contract/event.js';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { metricDataSchema } from '../../src/contract/metric.js';
import { ValidationError } from '../../src/errors/ValidationError.js';
import { normalizeEvent } from '../../src/producer/normalizeEvent.js';
import { normalizeMetric } from '../../src/producer/normalizeMetric.js';
import { createGuard } from '../../src/security/guard/createGuard.js';

const now = 1_795_403_886_082;
const types = createEventTypes();
const guards = [createGuard(), createGuard({ mode: 'drop' }), createGuard({ mode: 'refuse' }), createGuard({ mode: 'off' })];

// Anything at all: dates, maps, typed arrays, sparse arrays, bigints, odd keys, lone surrogates, objects without prototype.
const oddKey = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toJSON', 'timestamp', 'email', 'name', '\ud800', 'a@example.com', '0', 'hasOwnProperty'),
);
const oddValue = fc.anything({
  key: oddKey, withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true,
  withObjectString: true, withSparseArray: true, withTypedArray: true, withUnicodeString: true, maxDepth: 4,
});
const jsonObject = fc.dictionary(oddKey, fc.jsonValue({ stringUnit: 'binary' }));
const odd = <T>(usual: fc.Arbitrary<T>) => fc.oneof({ weight: 16, arbitrary: usual }, { weight: 1, arbitrary: oddValue });

const event = fc.record(
  {
    id: odd(fc.string({ minLength: 1 })), type: odd(fc.constantFrom(...types.names())), priority: odd(fc.constantFrom('low', 'normal', 'high', 'critical')),
    userId: odd(fc.string({ minLength: 1 })), sessionId: odd(fc.string({ minLength: 1 })), properties: odd(jsonObject), metadata: odd(jsonObject),
    timestamp: odd(fc.double({ min: 0, max: now, noNaN: true })),
  },
  { requiredKeys: ['type'] },
);
const metric = fc.record(
  { name: odd(fc.string({ minLength: 1, unit: 'binary' })), value: odd(fc.double()), tags: odd(fc.dictionary(oddKey, odd(fc.string({ unit: 'binary' })))), timestamp: odd(fc.nat()) },
  { requiredKeys: ['name', 'value'] },
);

const prototypes = [Object.prototype, Array.prototype, String.prototype, Function.prototype, Map.prototype, Date.prototype];
const snapshot = () => prototypes.map((prototype) => Reflect.ownKeys(prototype).map((key) => [key, Object.getOwnPropertyDescriptor(prototype, key)]));

function attempt<T>(action: () => T): T | ValidationError {
  try {
    return action();
  } catch (error) {
    if (error instanceof ValidationError) return error;
    throw error;
  }
}

test('whatever is tracked, it is an event that survives JSON, or one ValidationError, and prototypes stay as they were', () => {
  const before = snapshot();
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 8, arbitrary: event }, { weight: 1, arbitrary: oddValue }), fc.constantFrom(...guards), (input, guard) => {
      const result = attempt(() => normalizeEvent(input, { types, guard, now }));
      if (result instanceof ValidationError) {
        expect(result.issues.length).toBeGreaterThan(0);
        return;
      }
      accepted++;
      expect(JSON.stringify(JSON.parse(result.propertiesJson))).toBe(result.propertiesJson);
      expect(result.propertiesJson.isWellFormed()).toBe(true);
      if (result.metadataJson !== undefined) expect(JSON.stringify(JSON.parse(result.metadataJson))).toBe(result.metadataJson);
      expect(result.bytes).toBe(Buffer.byteLength(result.propertiesJson) + Buffer.byteLength(result.metadataJson ?? ''));
      expect(Number.isSafeInteger(result.timestamp)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
  expect(accepted).toBeGreaterThan(500);
  expect(snapshot()).toEqual(before);
});

test('what the producer takes, the schema takes', () => {
  fc.assert(
    fc.property(event, (input) => {
      const result = attempt(() => normalizeEvent(input, { types, guard: createGuard({ mode: 'off' }), now }));
      if (result instanceof ValidationError) return;
      const { propertiesJson, metadataJson, bytes, ...stored } = result;
      expect(bytes).toBeGreaterThanOrEqual(2);
      const objects = { properties: JSON.parse(propertiesJson) as unknown, metadata: metadataJson === undefined ? undefined : (JSON.parse(metadataJson) as unknown) };
      expect(eventDataSchema.safeParse({ ...stored, ...objects }).error?.issues ?? []).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

test('whatever is measured, it is a sample with canonical tags, or one ValidationError', () => {
  const before = snapshot();
  fc.assert(
    fc.property(fc.oneof(metric, oddValue), fc.constantFrom(...guards), (input, guard) => {
      const result = attempt(() => normalizeMetric(input, { guard, now }));
      if (result instanceof ValidationError) return;
      expect(Number.isFinite(result.value)).toBe(true);
      const keys = result.tags.map(([key]) => key);
      expect(keys).toEqual([...new Set(keys)].sort());
      expect(JSON.parse(result.tagsJson)).toEqual(Object.fromEntries(result.tags));
      const { name, value, timestamp } = result;
      expect(metricDataSchema.safeParse({ name, value, timestamp, tags: Object.fromEntries(result.tags) }).success).toBe(true);
    }),
    { numRuns: 3_000 },
  );
  expect(snapshot()).toEqual(before);
});
