import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { coarsen, type Cell } from '../../src/export/coarsen.js';
import { csvText, ndjsonText } from '../../src/export/rowText.js';
import { RowTable } from '../../src/export/RowTable.js';
import { suppressSmallCells } from '../../src/export/suppressSmallCells.js';

const MINIMUM = 11;

interface Row {
  readonly cells: readonly Cell[];
  readonly person: string;
}

function keep(rows: readonly Row[]): { kept: Row[]; dropped: Row[] } {
  const table = new RowTable(MINIMUM);
  for (const { cells, person } of rows) table.add(cells, person);
  const isKept = suppressSmallCells(table.combinations, MINIMUM);
  const kept: Row[] = [];
  const dropped: Row[] = [];
  for (const [at, row] of rows.entries()) (isKept[table.combinationOf(at)] ? kept : dropped).push(row);
  return { kept, dropped };
}

/** People by group, for every grouping by some of the fields. */
function* groupings(rows: readonly Row[], fields: number): Generator<Map<string, Set<string>>> {
  for (let grouping = 0; grouping < 2 ** fields; grouping += 1) {
    const groups = new Map<string, Set<string>>();
    for (const { cells, person } of rows) {
      const name = JSON.stringify(cells.filter((_, field) => (grouping >> field) % 2 === 1));
      groups.set(name, (groups.get(name) ?? new Set()).add(person));
    }
    yield groups;
  }
}

const rowsOf = (count: number, cells: readonly Cell[], from = 0): Row[] => Array.from({ length: count }, (_, place) => ({ cells, person: `p${from + place}` }));

describe('small cells', () => {
  it('are suppressed below eleven people, however many rows one person has', () => {
    expect(keep(rowsOf(11, ['web'])).kept).toHaveLength(11);
    expect(keep(rowsOf(10, ['web'])).kept).toHaveLength(0);
    expect(keep(Array.from({ length: 500 }, () => ({ cells: ['web'], person: 'one' }))).kept).toHaveLength(0);
  });

  it('take another cell with them where the total would tell of them', () => {
    // 40 in all, of which 15 and 20 would be told: five are left, and everybody knows it.
    const { kept, dropped } = keep([...rowsOf(20, ['web']), ...rowsOf(15, ['phone'], 20), ...rowsOf(5, ['fax'], 35)]);
    expect(new Set(kept.map(({ cells }) => cells[0]))).toEqual(new Set(['web']));
    expect(dropped).toHaveLength(20);
  });

  it('leave no group of fewer than eleven people, and no difference of fewer to any total, for every grouping', () => {
    const row = fc.record({
      cells: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.constantFrom('a', 'b', null), fc.boolean()),
      person: fc.integer({ min: 0, max: 60 }).map((number) => `p${number}`),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 400 }), (rows) => {
        const { kept, dropped } = keep(rows);
        for (const groups of groupings(kept, 3)) for (const people of groups.values()) expect(people.size).toBeGreaterThanOrEqual(MINIMUM);
        const whole = [...groupings(rows, 3)];
        const rest = [...groupings(dropped, 3)];
        const told = [...groupings(kept, 3)];
        for (const [place, groups] of rest.entries()) {
          for (const [name, people] of groups) {
            // A group of which nothing is told tells nothing.
            if (!told[place]!.has(name)) continue;
            expect(whole[place]!.has(name)).toBe(true);
            expect(people.size).toBeGreaterThanOrEqual(MINIMUM);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('a value', () => {
  it.each([
    ['age', 90, '90+'],
    ['age', 89.9, '90+'],
    ['age', 89, 89],
    ['patientAge', '93', '90+'],
    ['age_years', 104, '90+'],
    ['age', 'ninety', null],
    ['landingPage', 95, 95],
    ['usage', 95, 95],
    ['startedOn', '2026-11-26', 2026],
    ['startedAt', '2026-11-26T10:05:03.123Z', 2026],
    ['at', 1_764_150_000_000, null],
    ['at', 1_764_150_000, null],
    ['channel', 'web', 'web'],
    ['note', 'she said that she cannot sleep', null],
    ['ref', 'MRN-12345678', null],
    ['host', '203.0.113.7', null],
    ['mail', 'jane@example.org', null],
    ['list', ['web'], null],
    ['ok', true, true],
    ['none', undefined, null],
  ])('%s %j becomes %j', (key, value, expected) => {
    expect(coarsen(key, value)).toBe(expected);
  });

  it('never tells an exact time or a text of several words', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('1990-01-02'), max: new Date('2100-01-01'), noInvalidDate: true }), fc.stringMatching(/^[a-z]{1,5}$/), (date, key) => {
        for (const value of [date.getTime(), Math.floor(date.getTime() / 1000), date.toISOString(), date.toISOString().slice(0, 10), date.toUTCString(), date.toISOString().slice(11, 19)]) {
          const told = coarsen(key, value);
          expect(told === null || told === date.getUTCFullYear() || told === '90+').toBe(true);
        }
      }),
    );
    fc.assert(fc.property(fc.array(fc.stringMatching(/^[a-z]{3,8}$/), { minLength: 2, maxLength: 30 }), (words) => coarsen('channel', words.join(' ')) === null));
  });
});

describe('text', () => {
  it('of CSV can be read back, and no cell of it is a formula', () => {
    const { head, row } = csvText(['a', 'b']);
    expect(head).toBe('a,b\r\n');
    expect(row(['=1+1', -5])).toBe("'=1+1,-5\r\n");
    expect(row(['a"b,c', null])).toBe('"a""b,c",\r\n');
    fc.assert(
      fc.property(fc.string(), (text) => {
        const [line] = [row([text, 1])];
        const cell = line.slice(0, line.lastIndexOf(',1\r\n'));
        const value = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
        expect(value === text || value === `'${text}`).toBe(true);
        expect(/^\s*[=+\-@|%]/.test(value)).toBe(false);
      }),
    );
  });

  it('of NDJSON is an object a line', () => {
    expect(ndjsonText(['a', 'b']).row(['x\n', null])).toBe('{"a":"x\\n","b":null}\n');
  });
});
