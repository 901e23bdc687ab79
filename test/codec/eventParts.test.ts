import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { compressFast, decompress } from '../../src/codec/compression.js';
import { packEventParts, unpackEventParts } from '../../src/codec/eventParts.js';
import type { EventRows } from '../../src/codec/EventRows.js';
import { decodeEventRows, encodeEventRows } from '../../src/codec/eventRowsText.js';
import { HOUR_MS, hourOf } from '../../src/codec/hours.js';
import { AnalyticsError } from '../../src/errors/AnalyticsError.js';

const BATCH = '0193a5f0-0000-7000-8000-000000000000';

/** Texts of these lengths make parts that travel as they are, and parts that are compressed. */
const WORDS = ['', 'ä', 'some words '.repeat(9), 'many words '.repeat(400)];

interface Given {
  readonly type: string;
  readonly timestamp: number;
  readonly id?: string | undefined;
  readonly words?: string;
}

function rowsOf(events: readonly Given[]): EventRows {
  return {
    batchId: BATCH,
    priority: 'low',
    places: events.map((_, place) => place),
    types: events.map(({ type }) => type),
    timestamps: events.map(({ timestamp }) => timestamp),
    users: events.map(() => null),
    sessions: events.map(() => null),
    callerIds: new Map(events.flatMap(({ id }, row) => (id === undefined ? [] : [[row, id] as const]))),
    properties: events.map(({ words = '' }, place) => JSON.stringify({ place, words })),
    metadata: events.map(() => ''),
  };
}

type Frame = (...texts: readonly string[]) => Buffer;

const compressed: Frame = (...texts) =>
  Buffer.concat(
    texts.flatMap((text) => {
      const packed = compressFast(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(packed.length);
      return [length, packed];
    }),
  );

const asText: Frame = (...texts) =>
  Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(0x8000_0000 + bytes.length);
      return [length, bytes];
    }),
  );

describe('a batch laid out in parts', () => {
  const event = fc.record({
    type: fc.constantFrom('page_view', 'error', 'custom'),
    timestamp: fc.integer({ min: 0, max: 4 * HOUR_MS }),
    id: fc.option(fc.string({ minLength: 1, maxLength: 8 }), { nil: undefined }),
    words: fc.constantFrom(...WORDS),
  });

  it('comes back whole, each part of one type and hour, in the order of the batch', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 60 }), (events) => {
        const parts = unpackEventParts(packEventParts(rowsOf(events)));
        const found = parts.flatMap(({ type, hour, rows }) =>
          rows.places.map((place, row) => ({ place, type, hour, timestamp: rows.timestamps[row], id: rows.callerIds.get(row), properties: rows.properties[row] })),
        );
        const given = events.map(({ type, timestamp, id, words }, place) => ({ place, type, hour: hourOf(timestamp), timestamp, id, properties: JSON.stringify({ place, words }) }));
        expect(found.toSorted((one, other) => one.place - other.place)).toEqual(given);
        for (const { rows } of parts) expect(rows.places.toSorted((one, other) => one - other)).toEqual(rows.places);
        expect(new Set(parts.map(({ type, hour }) => `${type}:${hour}`)).size).toBe(parts.length);
        for (const { rows, packed } of parts) expect(decodeEventRows(decompress(packed), { verify: true })).toEqual(rows);
      }),
    );
  });

  it('compresses what is worth it: a part of ten events, and not one of two', () => {
    const events = (count: number) => Array.from({ length: count }, () => ({ type: 'error', timestamp: 5, words: 'some words '.repeat(30) }));
    const ratio = (count: number) => packEventParts(rowsOf(events(count))).length / encodeEventRows(rowsOf(events(count))).length;
    expect(ratio(10)).toBeLessThan(0.3);
    expect(ratio(2)).toBeGreaterThan(1);
  });

  it('is refused with a typed error, or read, when its bytes are damaged', () => {
    const whole = packEventParts(rowsOf([{ type: 'error', timestamp: 5 }, { type: 'custom', timestamp: HOUR_MS, words: WORDS[3]! }]));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(whole.length), (at, flip, end) => {
        const damaged = Buffer.from(whole.subarray(0, end));
        if (at < damaged.length) damaged[at]! ^= flip;
        try {
          unpackEventParts(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(AnalyticsError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  const one = encodeEventRows(rowsOf([{ type: 'error', timestamp: 5 }]));
  it.each([
    ['a length without a part', Buffer.from([0, 0, 0, 9])],
    ['a text’s length without a text', Buffer.from([128, 0, 0, 9])],
    ['half a length', Buffer.from([0, 0])],
    ['compressed and as it is, two parts of one type and hour', Buffer.concat([compressed(one), asText(one)])],
    ...Object.entries({ compressed, 'as it is': asText }).flatMap(([how, frame]): [string, Buffer][] => [
      [`${how}, two parts of one type and hour`, frame(one, one)],
      [`${how}, a part of two types`, frame(encodeEventRows(rowsOf([{ type: 'error', timestamp: 5 }, { type: 'custom', timestamp: 5 }])))],
      [`${how}, a part of two hours`, frame(encodeEventRows(rowsOf([{ type: 'error', timestamp: 5 }, { type: 'error', timestamp: HOUR_MS }])))],
      [`${how}, a part without rows`, frame(encodeEventRows(rowsOf([])))],
      [`${how}, a part with a line too many`, frame(`${one}\n{}`)],
      [`${how}, a line that is no object`, frame(one.replace('{"place":0,"words":""}', '[0]'))],
    ]),
  ])('is refused for %s', (_, bytes) => {
    expect(() => unpackEventParts(bytes)).toThrow(AnalyticsError);
  });
});
