import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eventDataSchema } from '../../src/contract/event.js';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { metricDataSchema } from '../../src/contract/metric.js';
import { ValidationError } from '../../src/errors/ValidationError.js';
import { normalizeEvent } from '../../src/producer/normalizeEvent.js';
import { normalizeMetric } from '../../src/producer/normalizeMetric.js';
import { createGuard } from '../../src/security/guard/createGuard.js';
import { hostileRuns } from '../support/hostileRuns.js';
import { oddKey, orOdd, oddValue, snapshotPrototypes } from '../support/oddValues.js';

const now = 1_795_403_886_082;
const types = createEventTypes();
const guards = [createGuard(), createGuard({ mode: 'drop' }), createGuard({ mode: 'refuse' }), createGuard({ mode: 'off' })];

const jsonObject = fc.dictionary(oddKey, fc.jsonValue({ stringUnit: 'binary' }));

const event = fc.record(
  {
    id: orOdd(fc.string({ minLength: 1 })), type: orOdd(fc.constantFrom(...types.names())), priority: orOdd(fc.constantFrom('low', 'normal', 'high', 'critical')),
    userId: orOdd(fc.string({ minLength: 1 })), sessionId: orOdd(fc.string({ minLength: 1 })), properties: orOdd(jsonObject), metadata: orOdd(jsonObject),
    timestamp: orOdd(fc.double({ min: 0, max: now, noNaN: true })),
  },
  { requiredKeys: ['type'] },
);
const metric = fc.record(
  { name: orOdd(fc.string({ minLength: 1, unit: 'binary' })), value: orOdd(fc.double()), tags: orOdd(fc.dictionary(oddKey, orOdd(fc.string({ unit: 'binary' })))), timestamp: orOdd(fc.nat()) },
  { requiredKeys: ['name', 'value'] },
);

function attempt<T>(action: () => T): T | ValidationError {
  try {
    return action();
  } catch (error) {
    if (error instanceof ValidationError) return error;
    throw error;
  }
}

test('whatever is tracked, it is an event that survives JSON, or one ValidationError, and prototypes stay as they were', () => {
  const before = snapshotPrototypes();
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
    { numRuns: hostileRuns('trackEvent') },
  );
  expect(accepted).toBeGreaterThan(500);
  expect(snapshotPrototypes()).toEqual(before);
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
  const before = snapshotPrototypes();
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
    { numRuns: hostileRuns('trackMetric') },
  );
  expect(snapshotPrototypes()).toEqual(before);
});

/** Puts a value at a place of a copy. */
function planted(into: unknown, path: readonly number[], value: number): unknown {
  if (path.length === 0 || typeof into !== 'object' || into === null) return value;
  const [place = 0, ...rest] = path;
  if (Array.isArray(into)) return into.length === 0 ? [value] : into.map((member: unknown, index) => (index === place % into.length ? planted(member, rest, value) : member));
  const keys = Object.keys(into);
  if (keys.length === 0) return { member: value };
  return Object.fromEntries(Object.entries(into).map(([key, member], index) => [key, index === place % keys.length ? planted(member, rest, value) : member]));
}

test('NaN and Infinity are refused wherever they are, and never become null', () => {
  const plain = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.jsonValue({ maxDepth: 4 }), { minKeys: 1 });
  const notFinite = fc.constantFrom(Number.NaN, Infinity, -Infinity);
  const path = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom('properties', 'metadata', 'timestamp', 'value', 'time'), plain, path, notFinite, fc.constantFrom(...guards), (where, object, at, value, guard) => {
      const bad = planted(object, at, value);
      const result = attempt(() => {
        if (where === 'value') return normalizeMetric({ name: 'pulse', value }, { guard, now });
        if (where === 'time') return normalizeMetric({ name: 'pulse', value: 1, timestamp: value }, { guard, now });
        return normalizeEvent({ type: 'custom', [where]: where === 'timestamp' ? value : bad }, { types, guard, now });
      });
      expect(result).toBeInstanceOf(ValidationError);
    }),
    { numRuns: hostileRuns('notFinite') },
  );
});
