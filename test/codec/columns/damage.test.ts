import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readDictionary } from '../../../src/codec/columns/dictionaryColumn.js';
import { readHead } from '../../../src/codec/columns/EventHead.js';
import { IdColumn, packIds } from '../../../src/codec/columns/idColumn.js';
import { MergedTable } from '../../../src/codec/columns/MergedTable.js';
import { packEvents } from '../../../src/codec/columns/packEvents.js';
import { compressWell, decompressTo } from '../../../src/codec/compression.js';
import { AnalyticsError } from '../../../src/errors/AnalyticsError.js';
import { manyStoredEvents, storedEvents } from './storedEventArbitraries.js';

/** Bytes with a few changed, cut out or put in. */
const changes = fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.integer({ min: 0, max: 4 }), put: fc.uint8Array({ maxLength: 4 }) }), { minLength: 1, maxLength: 4 });
type Changes = typeof changes extends fc.Arbitrary<infer Value> ? Value : never;

function damage(bytes: Buffer, damages: Changes): Buffer {
  return damages.reduce((current, { at, cut, put }) => {
    const place = Math.floor(at * current.length);
    return Buffer.concat([current.subarray(0, place), put, current.subarray(place + cut)]);
  }, bytes);
}

const REFUSAL = /^(A merged chunk cannot be read: [a-z ]+(JSON)?|A block of a merged chunk [a-z ]+)\.$/;

/** Undefined when it can be read, or is refused in the one way; otherwise what was thrown. */
function surprise(read: () => void): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof AnalyticsError && error.code === 'STORE_INCONSISTENT' && REFUSAL.test(error.message) ? undefined : error;
  }
}

function readAll(head: Buffer, blocks: ReadonlyMap<number, Buffer>): void {
  const parsed = readHead(head);
  const table = new MergedTable('custom', parsed, blocks);
  // A directory may name blocks that there are not: the storage has read those that the head asks for.
  if (table.missing('all').length > 0) return;
  table.storedEvents();
  for (let row = 0; row < Math.min(table.count, 50); row++) table.event(row);
}

describe('damaged bytes', () => {
  it('are refused with no word of the content, or read as something', () => {
    fc.assert(
      fc.property(storedEvents, changes, (events, damages) => {
        const { head } = packEvents('custom', events);
        expect(surprise(() => readAll(damage(head, damages), new Map()))).toBeUndefined();
        expect(surprise(() => readAll(repacked(head, (core) => damage(core, damages)), new Map()))).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it('in a block are refused too', () => {
    fc.assert(
      fc.property(manyStoredEvents, changes, fc.nat(), (events, damages, choice) => {
        const { head, blocks } = packEvents('custom', events);
        const number = choice % blocks.length;
        const bad = damage(blocks[number]!, damages);
        expect(surprise(() => readAll(head, new Map([...blocks.entries(), [number, bad]])))).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });

  it('of a column never make a decoder loop, or fail in another way', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (bytes, count) => {
        expect(surprise(() => readDictionary(Buffer.from(bytes), count))).toBeUndefined();
        expect(surprise(() => new IdColumn(Buffer.from(bytes), count).at(0))).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.array(fc.uuid({ version: 7 }), { minLength: 1, maxLength: 12 }), changes, (ids, damages) => {
        const readIds = (): void => {
          const column = new IdColumn(damage(packIds(ids), damages), ids.length);
          for (let row = 0; row < ids.length; row++) if (typeof column.at(row) !== 'string') throw new TypeError('an id is no text');
        };
        expect(surprise(readIds)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('that would inflate past what they say are refused', () => {
    const bomb = compressWell(Buffer.alloc(50 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(1000);
    for (const length of [0, 1, 1000, 50 * 1024 * 1024 + 1, 2 ** 40]) expect(() => decompressTo(length, bomb)).toThrow(expect.objectContaining({ code: 'STORE_INCONSISTENT' }));
  });
});

it('more than can be inflated again is not compressed', () => {
  expect(() => compressWell(Buffer.alloc(192 * 1024 * 1024 + 1))).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
});

/** A head whose core was changed before it was compressed. Lengths in front of it take one to three bytes, 7 bits each. */
function repacked(head: Buffer, change: (core: Buffer) => Buffer): Buffer {
  let at = 1;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = head[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const rawLength = varint();
  const length = varint();
  const core = change(decompressTo(rawLength, head.subarray(at, at + length)));
  const packed = compressWell(core);
  const prefix: number[] = [1];
  for (const value of [core.length, packed.length]) for (let rest = value; ; rest >>= 7) {
    if (rest < 0x80) {
      prefix.push(rest);
      break;
    }
    prefix.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from(prefix), packed, head.subarray(at + length)]);
}
