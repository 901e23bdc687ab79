import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { drawPlots } from '../../benchmarks/report/drawPlots.js';
import { formatRows } from '../../benchmarks/report/formatRows.js';
import { formatTable, putTable } from '../../benchmarks/report/formatTable.js';
import { createRow, type Row } from '../../benchmarks/rows/Row.js';

const rows: readonly Row[] = [
  createRow({
    id: 'e2e-100',
    what: 'end to end',
    unit: 'events/s',
    better: 'higher',
    ours: [45_000, 46_000, 44_000],
    peer: [2000, 2100, 2200],
    target: 25,
    aim: 60,
    targetIs: 'least ratio',
    cpuUs: { ours: { producer: 13, worker: 5 }, peer: { producer: 90, worker: 240 } },
  }),
  createRow({
    id: 'count-cold',
    what: 'count',
    unit: 'ms',
    better: 'lower',
    ours: [180],
    peer: [5000],
    target: 20,
    targetIs: 'least ratio',
    growth: {
      unit: 'ms per million',
      points: [
        { stored: 250_000, ours: 180, peer: 0 },
        { stored: 1_000_000, ours: 180, peer: 5000 },
      ],
    },
  }),
  createRow({ id: 'lone-latency', what: 'lone', unit: 'ms', better: 'lower', ours: [8.7], target: 20, targetIs: 'most' }),
];

describe('formatTable', () => {
  test('has a line for each row, with spread and target', () => {
    const lines = formatTable(rows).trim().split('\n');
    expect(lines).toHaveLength(2 + rows.length);
    expect(lines[2]).toBe(
      '| `e2e-100`: end to end | 45,000 (44,000 to 46,000) events/s | 2,100 (2,000 to 2,200) | 21.9 (20.0 to 22.5) × | 25 ×; try for 60 × | missed |',
    );
    expect(lines[4]).toBe('| `lone-latency`: lone | 8.70 ms |  |  | at most 20 ms | met |');
  });

  test('goes between the marks of a document, again and again', async () => {
    const document = await readFile(new URL('../../docs/performance.md', import.meta.url), 'utf8');
    const once = putTable(document, formatTable(rows));
    expect(once).toContain('| `count-cold`: count | 180 ms | 5,000 | 27.8 × | 20 × | met |');
    expect(putTable(once, formatTable(rows))).toBe(once);
    expect(putTable(once, '').split('\n').length).toBeLessThan(once.split('\n').length);
    expect(() => putTable('no marks', '')).toThrow('put the lines');
  });
});

describe('formatRows', () => {
  test('tells growth and targets', () => {
    const text = formatRows(rows);
    expect(text).toContain('MISS  e2e-100');
    expect(text).toContain('growth 0.25 M: 180, 1 M: 180 ms per million');
  });
});

describe('drawPlots', () => {
  test('draws what there are figures for, on white and without anything from elsewhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'analytics-test-'));
    try {
      const files = await drawPlots(rows, folder);
      expect(files.map((file) => file.slice(folder.length + 1))).toEqual(['bench-ratios.svg', 'bench-growth.svg', 'bench-cpu.svg']);
      for (const file of files) {
        const svg = await readFile(file, 'utf8');
        expect(svg).toMatch(/^<svg [^>]*xmlns=/);
        expect(svg).toContain('fill="white"');
        expect(svg).not.toMatch(/href|<image|<style|NaN|undefined/);
      }
      const [ratios, growth, cpu] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
      for (const { id } of rows) expect(ratios).toContain(id);
      expect(growth).toContain('count-cold');
      expect(growth).not.toContain('e2e-100');
      expect(cpu).toContain('producer');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('leaves out a plot that would be empty', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'analytics-test-'));
    try {
      await drawPlots(rows.slice(2), folder);
      expect(await readdir(folder)).toEqual(['bench-ratios.svg']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
