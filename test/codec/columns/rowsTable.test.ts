import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readHead } from '../../../src/codec/columns/EventHead.js';
import { MergedTable } from '../../../src/codec/columns/MergedTable.js';
import { packEvents } from '../../../src/codec/columns/packEvents.js';
import { RowsTable } from '../../../src/codec/columns/RowsTable.js';
import { storedEventsOf, type StoredEvent } from '../../../src/codec/columns/StoredEvent.js';
import type { EventRows } from '../../../src/codec/EventRows.js';
import { differences, isSame, memberNamesOf, valuesOf } from './columnModel.js';
import { eventAt } from './eventAt.js';
import { inOrder, storedEvents } from './storedEventArbitraries.js';

const BATCH = '0190a1b2-c3d4-7000-8123-0123456789ab';

/** The rows of a batch that hold these events; the ids of some are generated ones. */
function rowsOf(events: readonly StoredEvent[], priority: EventRows['priority']): EventRows {
  return {
    batchId: BATCH,
    priority,
    places: events.map((_, row) => 3 * row),
    types: events.map(() => 'custom'),
    timestamps: events.map(({ timestamp }) => timestamp),
    users: events.map(({ userId }) => userId),
    sessions: events.map(({ sessionId }) => sessionId),
    callerIds: new Map(events.flatMap(({ id }, row) => (row % 3 === 0 ? [[row, id]] : []))),
    properties: events.map(({ properties }) => properties),
    metadata: events.map(({ metadata }) => metadata),
  };
}

/** Changes everything that can be, all the way down. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) spoil(member);
  if (Array.isArray(value)) value.push('spoilt');
  else for (const name of [...Object.keys(value), 'spoilt']) Object.defineProperty(value, name, { value: 'spoilt', enumerable: true });
}

describe('a small chunk as a table', () => {
  const rows = storedEvents.chain((events) => fc.constantFrom('low', 'critical').map((priority) => rowsOf(events, priority)));

  it('holds what its rows hold', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 1e9 }), (chunk, firstOffset) => {
        const table = new RowsTable(chunk, firstOffset);
        expect(differences(table, 'custom', storedEventsOf(chunk, firstOffset))).toEqual([]);
        for (let row = 0; row < table.count; row++) expect(isSame(table.event(row), eventAt(chunk, row))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('gives out the same event however often it is read, and whatever was done to it before', () => {
    fc.assert(
      fc.property(rows, fc.boolean(), (chunk, isColumnFirst) => {
        const table = new RowsTable(chunk, 1);
        if (isColumnFirst) table.column('properties.a');
        for (let reading = 0; reading < 4; reading += 1) {
          for (let row = 0; row < table.count; row += 1) {
            const event = table.event(row);
            expect(isSame(event, eventAt(chunk, row))).toBe(true);
            expect(Object.keys(event)).toEqual(Object.keys(eventAt(chunk, row)));
            spoil(event);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('agrees with the merged chunk of the same events', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 1e9 }), (chunk, firstOffset) => {
        const small = new RowsTable(chunk, firstOffset);
        const events = inOrder(small.storedEvents());
        const packed = packEvents('custom', events);
        const merged = new MergedTable('custom', readHead(packed.head), new Map(packed.blocks.entries()));
        const rowIn = events.map(({ offset }) => offset - firstOffset);
        for (const name of ['priority', 'user', 'session', ...memberNamesOf(events)] as const) {
          const values = valuesOf(small.column(name));
          expect(isSame(valuesOf(merged.column(name)), rowIn.map((row) => values[row]))).toBe(true);
        }
        for (const [row, from] of rowIn.entries()) expect(isSame(merged.event(row), small.event(from))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('parses nothing until a member is asked for, and then says that it is larger', () => {
    const table = new RowsTable(rowsOf([{ ...EVENT, properties: 'no JSON' }], 'low'), 1);
    expect(valuesOf(table.column('user'))).toEqual(['user-1']);
    expect(() => table.column('properties.a')).toThrow(SyntaxError);
    const other = new RowsTable(rowsOf([EVENT], 'low'), 1);
    const before = other.bytes;
    other.column('properties.a');
    expect(other.bytes).toBeGreaterThan(before);
  });
});

const EVENT: StoredEvent = { offset: 1, timestamp: 5, id: 'x', priority: 'low', userId: 'user-1', sessionId: null, properties: '{"a":1}', metadata: '' };
