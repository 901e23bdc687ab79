import { isDeepStrictEqual } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { ColumnName } from '../../../src/codec/columns/Column.js';
import { readHead } from '../../../src/codec/columns/EventHead.js';
import { MergedTable } from '../../../src/codec/columns/MergedTable.js';
import { packEvents, type PackedEvents } from '../../../src/codec/columns/packEvents.js';
import type { StoredEvent } from '../../../src/codec/columns/StoredEvent.js';
import { differences, isSame, memberNamesOf, modelColumn, valuesOf } from './columnModel.js';
import { manyStoredEvents, storedEvents } from './storedEventArbitraries.js';

const anyEvents = fc.oneof({ weight: 3, arbitrary: storedEvents }, { weight: 1, arbitrary: manyStoredEvents });

function allBlocks({ blocks }: PackedEvents): Map<number, Buffer> {
  return new Map(blocks.entries());
}

describe('a merged chunk', () => {
  it('gives back every event, column and id as they were', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const packed = packEvents('custom', events);
        const head = readHead(packed.head);
        expect(head.blocks).toBe(packed.blocks.length);
        expect(differences(new MergedTable('custom', head, allBlocks(packed)), 'custom', events)).toEqual([]);
      }),
      { numRuns: 70 },
    );
  });

  it('gives back what it was made of, to be merged again', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const packed = packEvents('custom', events);
        const again = new MergedTable('custom', readHead(packed.head), allBlocks(packed)).storedEvents();
        expect(again.map(withoutTexts)).toEqual(events.map(withoutTexts));
        for (const [row, { properties, metadata }] of again.entries()) {
          const event = events[row]!;
          expect(isSame(JSON.parse(properties), JSON.parse(event.properties))).toBe(true);
          expect(metadata === '' || event.metadata === '' ? metadata === event.metadata : isSame(JSON.parse(metadata), JSON.parse(event.metadata))).toBe(true);
          // The text as the producer writes it comes back letter by letter.
          if (JSON.stringify(JSON.parse(event.properties)) === event.properties) expect(properties).toBe(event.properties);
        }
        const twice = packEvents('custom', again);
        expect(twice.head.equals(packed.head)).toBe(true);
        expect(Buffer.concat(twice.blocks).equals(Buffer.concat(packed.blocks))).toBe(true);
      }),
      { numRuns: 35 },
    );
  });

  it('reads a column from no more than the blocks that it names', () => {
    fc.assert(
      fc.property(manyStoredEvents, fc.infiniteStream(fc.nat()), (events, choices) => {
        const packed = packEvents('custom', events);
        const head = readHead(packed.head);
        const blocks = allBlocks(packed);
        const names = ['priority', 'user', 'session', ...memberNamesOf(events)] as const;
        for (let round = 0; round < 4; round++) {
          const chosen = names[choices.next().value! % names.length]!;
          const needed = head.blocksOf([chosen, 'time']);
          const table = new MergedTable('custom', head, new Map(needed.map((block) => [block, blocks.get(block)!])));
          expect(isSame(valuesOf(table.column(chosen)), modelColumn(events, chosen))).toBe(true);
          expect(Array.from(table.times)).toEqual(events.map(({ timestamp }) => timestamp));
        }
      }),
      { numRuns: 15 },
    );
  });

  it('says which blocks are missing, and takes them later', () => {
    fc.assert(
      fc.property(manyStoredEvents, (events) => {
        const packed = packEvents('custom', events);
        const head = readHead(packed.head);
        const blocks = allBlocks(packed);
        const table = new MergedTable('custom', head, new Map());
        const noise: ColumnName[] = ['properties.noise'];
        const missing = table.missing(noise);
        expect(missing).toHaveLength(1);
        expect(() => table.column('properties.noise')).toThrow(RangeError);
        table.add(new Map(missing.map((block) => [block, blocks.get(block)!])));
        expect(table.missing(noise)).toEqual([]);
        expect(valuesOf(table.column('properties.noise'))).toEqual(modelColumn(events, 'properties.noise'));
        table.add(new Map(table.missing('all').map((block) => [block, blocks.get(block)!])));
        expect(table.missing('all')).toEqual([]);
        expect(differences(table, 'custom', events)).toEqual([]);
      }),
      { numRuns: 6 },
    );
  });

  it('reads frequent members without those that few rows have', () => {
    const events = Array.from({ length: 400 }, (_, row) =>
      storedEvent(row, { noise: `${Math.imul(row + 1, 0x9e3779b1)} ${row * 7919}`, ...(row === 7 && { rare: [row] }) }),
    );
    const head = readHead(packEvents('custom', events).head);
    expect(head.columns.has('properties.rare')).toBe(false);
    expect(head.needs('properties.noise')).toEqual(['properties.noise']);
    expect(head.needs('properties.rare')).toEqual(['shape', 'rest']);
    expect(head.needs('user')).toEqual([]);
  });

  it.each([1000, 4000, 20_000])('keeps what is nested %i levels deep', (depth) => {
    const properties = `{"deep":${'['.repeat(depth)}-0${']'.repeat(depth)},"a":1}`;
    const events = [{ ...storedEvent(0, {}), properties }, storedEvent(1, { a: 1 })];
    const packed = packEvents('custom', events);
    const table = new MergedTable('custom', readHead(packed.head), allBlocks(packed));
    expect(table.storedEvents()[0]?.properties).toBe(properties);
    expect(Object.keys(table.event(0).properties)).toEqual(['deep', 'a']);
  });

  it('keeps 512 keys an event, different ones in each', () => {
    const events = Array.from({ length: 60 }, (_, row) => storedEvent(row, Object.fromEntries(Array.from({ length: 512 }, (__, key) => [`k${row * 512 + key}`, key]))));
    const packed = packEvents('custom', events);
    expect(packed.blocks.length).toBeLessThan(10);
    expect(new MergedTable('custom', readHead(packed.head), allBlocks(packed)).storedEvents()).toEqual(events);
  });

  it('holds 65,535 events, all different in all', () => {
    const events = Array.from({ length: 65_535 }, (_, row) => ({ ...storedEvent(row, { n: `n${row}` }), id: `given ${row}`, userId: row === 9 ? null : `u${row}` }));
    const packed = packEvents('custom', events);
    // Node's comparison: that of the test runner takes 3 s for so many.
    expect(isDeepStrictEqual(new MergedTable('custom', readHead(packed.head), allBlocks(packed)).storedEvents(), events)).toBe(true);
    expect(() => packEvents('custom', [...events, storedEvent(65_535, {})])).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('keeps few events in its head alone', () => {
    expect(packEvents('custom', [storedEvent(0, { a: 1 }), storedEvent(1, { a: 2 })]).blocks).toEqual([]);
    expect(packEvents('custom', Array.from({ length: 20 }, (_, row) => storedEvent(row, { text: 'word '.repeat(row) }))).blocks).toEqual([]);
  });

  it('gives objects away as copies', () => {
    const packed = packEvents('custom', [storedEvent(0, { list: [1] }), storedEvent(1, { list: [1] })]);
    const table = new MergedTable('custom', readHead(packed.head), allBlocks(packed));
    (table.event(0).properties as { list: number[] }).list.push(2);
    expect(table.event(0).properties).toEqual({ list: [1] });
    expect(table.event(1).properties).toEqual({ list: [1] });
  });

  it('refuses events that are none, or out of order, and a head of another type', () => {
    const [first, second] = [storedEvent(0, {}), storedEvent(1, {})];
    for (const rows of [[], [second, first], [first, first]]) expect(() => packEvents('custom', rows)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(() => new MergedTable('error', readHead(packEvents('custom', [first]).head), new Map())).toThrow(expect.objectContaining({ code: 'STORE_INCONSISTENT' }));
  });

  it('knows roughly what it keeps in memory', () => {
    const events = Array.from({ length: 500 }, (_, row) => storedEvent(row, { text: `${row} `.repeat(20) }));
    const packed = packEvents('custom', events);
    const table = new MergedTable('custom', readHead(packed.head), allBlocks(packed));
    const before = table.bytes;
    table.storedEvents();
    expect(table.bytes).toBeGreaterThan(before + 500 * 50);
  });
});

function storedEvent(row: number, properties: Record<string, unknown>): StoredEvent {
  const common = { priority: 'normal', userId: null, sessionId: null, metadata: '' } as const;
  return { offset: row + 1, timestamp: 1_700_000_000_000 + row, id: `0190a1b2-c3d4-7${(row % 4096).toString(16).padStart(3, '0')}-8${Math.floor(row / 4096).toString(16).padStart(3, '0')}-0123456789ab`, ...common, properties: JSON.stringify(properties) };
}

function withoutTexts({ properties: _properties, metadata: _metadata, ...rest }: StoredEvent): Omit<StoredEvent, 'properties' | 'metadata'> {
  return rest;
}
