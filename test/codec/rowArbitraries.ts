import fc from 'fast-check';

import type { EventRows } from '../../src/codec/EventRows.js';
import type { MetricRows } from '../../src/codec/MetricRows.js';
import { EventPriority } from '../../src/contract/EventPriority.js';

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('', '\n', '\r\n', '\u2028', '\ud800', '__proto__', '"', '\\', '\u0000', 'null'));
const subject = fc.oneof(fc.constant(null), fc.constantFrom('user-1', 'user-2'), text);
const jsonLine = fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }).map((value) => JSON.stringify(value));
const time = fc.integer({ min: 0, max: 8.64e15 });

/** Rows as a producer makes them: columns of one length. */
export const eventRows: fc.Arbitrary<EventRows> = fc.integer({ min: 1, max: 12 }).chain((count) => {
  const column = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: count, maxLength: count });
  return fc.record({
    batchId: fc.uuid({ version: 7 }),
    priority: fc.constantFrom(...Object.values(EventPriority)),
    places: column(fc.integer({ min: 0, max: 4095 })),
    types: column(fc.constantFrom('custom', 'page_view', 'a', 'z9_', 'a'.repeat(64))),
    timestamps: column(time),
    users: column(subject),
    sessions: column(subject),
    callerIds: fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: count - 1 }), fc.string({ minLength: 1, maxLength: 128 })), { selector: ([row]) => row }).map((pairs) => new Map(pairs)),
    properties: column(jsonLine),
    metadata: column(fc.oneof(fc.constant(''), jsonLine)),
  });
});

const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(-0, 0, Number.MIN_VALUE, Number.MAX_VALUE, 0.1, -1e-300));

export const metricRows: fc.Arbitrary<MetricRows> = fc
  .array(fc.record({ name: text, tags: jsonLine, timestamp: time, value }), { minLength: 1, maxLength: 20 })
  .map((rows) => ({
    names: rows.map((row) => row.name),
    tags: rows.map((row) => row.tags),
    timestamps: rows.map((row) => row.timestamp),
    values: rows.map((row) => row.value),
  }));

/** A text with a few places changed, cut out or put in. */
export function damaged(original: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const fragment = fc.constantFrom('', '0', '-1', '9', '1e9', '1.5', '"', '[', ']', '{', '}', ',', ':', 'null', 'true', '\n', '[]', '{}', '"v":2', '\u0000', '__proto__');
  const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.integer({ min: 0, max: 6 }), put: fragment });
  return fc.tuple(original, fc.array(change, { minLength: 1, maxLength: 4 })).map(([start, changes]) =>
    changes.reduce((current, { at, cut, put }) => {
      const place = Math.floor(at * current.length);
      return current.slice(0, place) + put + current.slice(place + cut);
    }, start),
  );
}
