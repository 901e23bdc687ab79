import type { Row } from '../rows/Row.js';
import type { Spread } from './spread.js';

/** The rows as a table for people, with what else was seen below each. */
export function formatRows(rows: readonly Row[]): string {
  return rows
    .map((row) => {
      const target = row.targetIs === 'least ratio' ? `at least ${row.target} ×` : `at most ${row.target} ${row.unit}`;
      return [
        `${row.pass ? 'PASS' : 'MISS'}  ${row.id}: ${row.what}`,
        `      ours   ${describe(row.spread.ours)} ${row.unit}`,
        ...(row.spread.peer ? [`      peer   ${describe(row.spread.peer)} ${row.unit}`] : []),
        ...(row.spread.ratio ? [`      ratio  ${describe(row.spread.ratio)} ×`] : []),
        `      target ${target}`,
        ...row.notes.map((note) => `      ${note}`),
        '',
      ].join('\n');
    })
    .map((text) => `${text}\n`)
    .join('');
}

function describe({ min, median, max }: Spread): string {
  return `${round(median)} (${round(min)} to ${round(max)})`;
}

function round(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-GB') : value.toFixed(1);
}
