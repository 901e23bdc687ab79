import { createHash } from 'node:crypto';
import fc from 'fast-check';

import { eventIdAt } from '../../../src/codec/batchId.js';
import type { StoredEvent } from '../../../src/codec/columns/StoredEvent.js';
import { EventPriority } from '../../../src/contract/EventPriority.js';

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('', '\n', '\u2028', '\ud800', '"', '\\', '\u0000', 'null', '日本'));
const key = fc.oneof(
  fc.constantFrom('page', 'status', 'bytes'),
  fc.constantFrom('__proto__', 'constructor', 'toString', '', '.', 'a.b', 'properties.page', 'shape', '1', '0', '-1', 'length', 'toJSON', '\ud800', 'é'),
  text,
);
const value = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json)) },
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('1e21', '1e-7', '-0', '0', '0.1', '9007199254740993', '5e-324', '-1e400', 'null', '""', '"\\ud800"', '[-0,0]', '{"__proto__":{"x":-0},"1":[]}'),
  fc.constantFrom('1', '2').chain((leaf) => fc.integer({ min: 1, max: 15 }).map((depth) => '[{"a":'.repeat(depth) + leaf + '}]'.repeat(depth))),
  text.map((member) => JSON.stringify(member)),
);

/** JSON text of an object: by hand, since keys such as `__proto__` and values such as -0 get lost in objects. */
const jsonLine = fc.uniqueArray(fc.tuple(key, value), { maxLength: 6, selector: ([name]) => name }).map(toLine);

function toLine(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

const batchId = fc.uuid({ version: 7 }).map((id) => `${id.slice(0, 14)}7000${id.slice(18)}`);
const placedId = (batches: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...batches), fc.integer({ min: 0, max: 4095 })).map(([batch, place]) => eventIdAt(batch, place));
const subject = fc.oneof(fc.constant(null), fc.constantFrom('user-1', 'user-2'), text);
const timestamp = fc.oneof(fc.integer({ min: 1.7e12, max: 1.7e12 + 50 }).map((time) => time * 10), fc.integer({ min: 0, max: 8.64e15 }));

/** Events of one type in the order in which a merged chunk holds them. */
export const storedEvents: fc.Arbitrary<StoredEvent[]> = fc.array(batchId, { minLength: 1, maxLength: 3 }).chain((batches) =>
  fc
    .uniqueArray(
      fc.record({
        offset: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 2 ** 53 - 1 })),
        timestamp,
        id: fc.oneof({ weight: 4, arbitrary: placedId(batches) }, text, fc.uuid()),
        priority: fc.constantFrom(...Object.values(EventPriority)),
        userId: subject,
        sessionId: subject,
        properties: jsonLine,
        metadata: fc.oneof(fc.constant(''), jsonLine),
      }),
      { minLength: 1, maxLength: 24, selector: ({ offset }) => offset },
    )
    .map(inOrder),
);

/**
 * So many events that columns get blocks of their own: those of a few generated ones again and again, each with a member
 * that does not compress, and every 150th with members that no other has.
 */
export const manyStoredEvents: fc.Arbitrary<StoredEvent[]> = fc.tuple(storedEvents, fc.integer({ min: 380, max: 460 })).map(([few, count]) =>
  inOrder(
    Array.from({ length: count }, (_, row): StoredEvent => {
      const event = few[row % few.length]!;
      const noise: [string, string] = ['noise', JSON.stringify(createHash('sha512').update(String(row)).digest('base64'))];
      const odd: [string, string][] = row % 150 === 0 ? [[`odd ${row}`, String(row)], ['odd', '{"0":-0}']] : [];
      return { ...event, offset: 1000 + row, properties: toLine([...odd, noise, ['counter', String(1e6 + 3 * row)]]), metadata: event.properties };
    }),
  ),
);

export function inOrder(events: readonly StoredEvent[]): StoredEvent[] {
  return [...events].sort((a, b) => a.timestamp - b.timestamp || a.offset - b.offset);
}
