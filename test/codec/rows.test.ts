import { deflateRawSync } from 'node:zlib';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { compressFast, decompress } from '../../src/codec/compression.js';
import { pickRows, type EventRows } from '../../src/codec/EventRows.js';
import { decodeEventRows, encodeEventRows } from '../../src/codec/eventRowsText.js';
import { decodeMetricRows, encodeMetricRows } from '../../src/codec/metricRowsText.js';
import { limits } from '../../src/contract/limits.js';
import { AnalyticsError } from '../../src/errors/AnalyticsError.js';
import { damaged, eventRows, metricRows } from './rowArbitraries.js';

const CANARY = 'canary-of-a-value';

/** The result, or the error if it is the one that broken data gives; any other error passes. */
function typed<T>(read: () => T): T | AnalyticsError {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AnalyticsError)) throw error;
    if (error.code !== 'STORE_INCONSISTENT' || `${error.message} ${String(error.cause)}`.includes(CANARY)) throw error;
    return error;
  }
}

/** What whoever works with rows takes for granted. */
function checkShape(rows: EventRows): void {
  const { length } = rows.timestamps;
  for (const column of [rows.places, rows.types, rows.users, rows.sessions, rows.properties, rows.metadata]) expect(column).toHaveLength(length);
  for (const row of rows.callerIds.keys()) expect(row).toBeLessThan(length);
  for (const place of rows.places) expect(place >= 0 && place < 4096).toBe(true);
  for (const timestamp of rows.timestamps) expect(Number.isSafeInteger(timestamp)).toBe(true);
  for (const line of rows.properties) expect(typeof JSON.parse(line)).toBe('object');
}

describe('event rows', () => {
  it('come back as they went, through text and through compression', () => {
    fc.assert(
      fc.property(eventRows, (rows) => {
        const text = encodeEventRows(rows);
        expect(decodeEventRows(text, { verify: true })).toEqual(rows);
        expect(decodeEventRows(decompress(compressFast(text)), { verify: false })).toEqual(rows);
      }),
    );
  });

  it('can be picked apart and stay whole', () => {
    fc.assert(
      fc.property(eventRows, fc.array(fc.nat()), (rows, numbers) => {
        const indexes = numbers.map((number) => number % rows.types.length);
        const picked = pickRows(rows, indexes);
        expect(picked.properties).toEqual(indexes.map((index) => rows.properties[index]));
        expect(indexes.map((_, to) => picked.callerIds.get(to))).toEqual(indexes.map((from) => rows.callerIds.get(from)));
        if (indexes.length > 0) expect(decodeEventRows(encodeEventRows(picked), { verify: true })).toEqual(picked);
      }),
    );
  });

  it('that are damaged are refused with a typed error that quotes nothing, or are rows all the same', () => {
    const texts = damaged(eventRows.map((rows) => encodeEventRows({ ...rows, users: rows.users.map(() => CANARY) })));
    let refused = 0;
    fc.assert(
      fc.property(texts, (text) => {
        const rows = typed(() => decodeEventRows(text, { verify: true }));
        if (rows instanceof AnalyticsError) refused += 1;
        else checkShape(rows);
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(300);
  });

  const head = { v: 1, batch: '0193a5f0-0000-7000-8000-000000000000', priority: 'low', places: [0], types: [['custom'], [0]], times: [1], users: [[null], [0]], sessions: [[null], [0]], ids: [] };
  const write = (changes: object, properties = '{}', metadata = '') => `${JSON.stringify({ ...head, ...changes })}\n${properties}\n${metadata}`;

  const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
  const sized = (bytes: number) => JSON.stringify({ a: 'a'.repeat(bytes - 8) });
  const keyed = (count: number) => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n])));

  it.each([
    ['nesting', nested(limits.depth), nested(limits.depth)],
    ['bytes', sized(limits.eventBytes - 2), '{}'],
    ['bytes of three to a character', JSON.stringify({ a: '\u20ac'.repeat((limits.eventBytes - 8) / 3) }), ''],
    ['keys', keyed(limits.keys - 1), keyed(1)],
    ['an array and a key', JSON.stringify({ ['k'.repeat(limits.keyLength)]: Array.from({ length: limits.arrayLength }, () => 0) }), ''],
  ])('are taken at the limit of %s', (_, properties, metadata) => {
    expect(decodeEventRows(write({}, properties, metadata), { verify: true })).toMatchObject({ properties: [properties], metadata: [metadata] });
  });

  it('are what this test takes for right', () => expect(decodeEventRows(write({}), { verify: true }).types).toEqual(['custom']));

  it.each([
    ['another version', write({ v: 2 })],
    ['a column too short', write({ places: [] })],
    ['a column too long', write({ users: [[null], [0, 0]] })],
    ['an index outside its dictionary', write({ users: [[null], [1]] })],
    ['a negative index', write({ types: [['custom'], [-1]] })],
    ['a type that would be another key', write({ types: [['custom:x'], [0]] })],
    ['a place beyond a batch', write({ places: [4096] })],
    ['a negative place', write({ places: [-1] })],
    ['an id of a row that is not there', write({ ids: [[1, 'x']] })],
    ['two ids for one row', write({ ids: [[0, 'x'], [0, 'y']] })],
    ['an id too long', write({ ids: [[0, 'x'.repeat(129)]] })],
    ['a time that is no safe integer', write({ times: [2 ** 53] })],
    ['times that add up to no safe integer', `${JSON.stringify({ ...head, places: [0, 0], types: [['custom'], [0, 0]], times: [2 ** 53 - 1, 2 ** 53 - 1], users: [[null], [0, 0]], sessions: [[null], [0, 0]] })}\n{}\n{}\n\n`],
    ['a line that is a list', write({}, '[]')],
    ['a line that is null', write({}, 'null')],
    ['a line that is a text', write({}, `"${CANARY}"`)],
    ['a line that is not JSON', write({}, CANARY)],
    ['no properties', write({}, '')],
    ['metadata that is not JSON', write({}, '{}', CANARY)],
    ['a line too many', `${write({})}\n`],
    ['a time before 1970', write({ times: [-1] })],
    ['a time that no Date holds', write({ times: [8.64e15 + 1] })],
    ['a user too long', write({ users: [['u'.repeat(limits.subjectLength + 1)], [0]] })],
    ['a session too long', write({ sessions: [['s'.repeat(limits.subjectLength + 1)], [0]] })],
    ['properties too deep', write({}, nested(limits.depth + 1))],
    ['metadata too deep', write({}, '{}', nested(limits.depth + 1))],
    ['more nesting than a stack holds', write({}, `{"a":${'['.repeat(15_000)}${']'.repeat(15_000)}}`)],
    ['too many bytes', write({}, sized(limits.eventBytes + 1))],
    ['too many bytes in few characters', write({}, sized(limits.eventBytes + 1).replace('aa', '\u20ac'))],
    ['too many bytes in both', write({}, sized(limits.eventBytes - 1), '{}')],
    ['too many keys', write({}, keyed(limits.keys + 1))],
    ['too many keys in both', write({}, keyed(limits.keys), keyed(1))],
    ['a key too long', write({}, JSON.stringify({ a: { ['k'.repeat(limits.keyLength + 1)]: 1 } }))],
    ['an array too long', write({}, JSON.stringify({ a: [Array.from({ length: limits.arrayLength + 1 }, () => 0)] }))],
    ['nothing', ''],
    ['no object', 'null'],
  ])('are refused for %s', (_, text) => {
    expect(typed(() => decodeEventRows(text, { verify: true }))).toBeInstanceOf(AnalyticsError);
  });
});

describe('metric rows', () => {
  it('come back as they went, to the last bit', () => {
    fc.assert(fc.property(metricRows, (rows) => expect(decodeMetricRows(encodeMetricRows(rows))).toStrictEqual(rows)));
  });

  it('that are damaged are refused with a typed error that quotes nothing, or are rows all the same', () => {
    const texts = damaged(metricRows.map((rows) => encodeMetricRows({ ...rows, names: rows.names.map(() => CANARY) })));
    fc.assert(
      fc.property(texts, (text) => {
        const rows = typed(() => decodeMetricRows(text));
        if (rows instanceof AnalyticsError) return;
        for (const column of Object.values<readonly unknown[]>({ ...rows })) expect(column).toHaveLength(rows.values.length);
        for (const timestamp of rows.timestamps) expect(Number.isSafeInteger(timestamp)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('compression', () => {
  it('gives back what it was given, of any size', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(0, 1, 7, 100, 5000), (text, times) => {
        expect(decompress(compressFast(text.repeat(times)))).toBe(text.repeat(times));
      }),
    );
  });

  it('refuses bytes that are nothing of the kind with a typed error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void typed(() => decompress(bytes))), { numRuns: 3000 });
    expect(typed(() => decompress(compressFast('x'.repeat(1000)).subarray(0, 5)))).toBeInstanceOf(AnalyticsError);
  });

  it('refuses what would grow past all bounds', () => {
    const bomb = deflateRawSync(Buffer.alloc(200 * 1024 * 1024), { level: 1 });
    expect(bomb.length).toBeLessThan(1024 * 1024);
    expect(typed(() => decompress(bomb))).toBeInstanceOf(AnalyticsError);
  });
});
