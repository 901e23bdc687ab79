import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { compressFast } from '../../src/codec/compression.js';
import { packEventParts, unpackEventParts } from '../../src/codec/eventParts.js';
import type { EventRows } from '../../src/codec/EventRows.js';
import { encodeEventRows } from '../../src/codec/eventRowsText.js';
import { HOUR_MS, hourOf } from '../../src/codec/hours.js';
import { AnalyticsError } from '../../src/errors/AnalyticsError.js';

const BATCH = '0193a5f0-0000-7000-8000-000000000000';

function rowsOf(events: readonly { readonly type: string; readonly timestamp: number; readonly id?: string | undefined }[]): EventRows {
  return {
    batchId: BATCH,
    priority: 'low',
    places: events.map((_, place) => place),
    types: events.map(({ type }) => type),
    timestamps: events.map(({ timestamp }) => timestamp),
    users: events.map(() => null),
    sessions: events.map(() => null),
    callerIds: new Map(events.flatMap(({ id }, row) => (id === undefined ? [] : [[row, id] as const]))),
    properties: events.map((_, place) => JSON.stringify({ place })),
    metadata: events.map(() => ''),
  };
}

function frame(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const packed = compressFast(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(packed.length);
      return [length, packed];
    }),
  );
}

describe('a batch laid out in parts', () => {
  const event = fc.record({
    type: fc.constantFrom('page_view', 'error', 'custom'),
    timestamp: fc.integer({ min: 0, max: 4 * HOUR_MS }),
    id: fc.option(fc.string({ minLength: 1, maxLength: 8 }), { nil: undefined }),
  });

  it('comes back whole, each part of one type and hour, in the order of the batch', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 60 }), (events) => {
        const parts = unpackEventParts(packEventParts(rowsOf(events)));
        const found = parts.flatMap(({ type, hour, rows }) =>
          rows.places.map((place, row) => ({ place, type, hour, timestamp: rows.timestamps[row], id: rows.callerIds.get(row), properties: rows.properties[row] })),
        );
        const given = events.map(({ type, timestamp, id }, place) => ({ place, type, hour: hourOf(timestamp), timestamp, id, properties: JSON.stringify({ place }) }));
        expect(found.toSorted((one, other) => one.place - other.place)).toEqual(given);
        for (const { rows } of parts) expect(rows.places.toSorted((one, other) => one - other)).toEqual(rows.places);
        expect(new Set(parts.map(({ type, hour }) => `${type}:${hour}`)).size).toBe(parts.length);
      }),
    );
  });

  it('is refused with a typed error, or read, when its bytes are damaged', () => {
    const whole = packEventParts(rowsOf([{ type: 'error', timestamp: 5 }, { type: 'custom', timestamp: HOUR_MS }]));
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
    ['half a length', Buffer.from([0, 0])],
    ['two parts of one type and hour', frame(one, one)],
    ['a part of two types', frame(encodeEventRows(rowsOf([{ type: 'error', timestamp: 5 }, { type: 'custom', timestamp: 5 }])))],
    ['a part of two hours', frame(encodeEventRows(rowsOf([{ type: 'error', timestamp: 5 }, { type: 'error', timestamp: HOUR_MS }])))],
    ['a part without rows', frame(encodeEventRows(rowsOf([])))],
  ])('is refused for %s', (_, bytes) => {
    expect(() => unpackEventParts(bytes)).toThrow(AnalyticsError);
  });
});
