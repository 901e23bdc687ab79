import type { Row } from '../rows/Row.js';
import { figure, rounded } from './figure.js';
import { targetOf } from './formatTable.js';

/** The rows as text for a terminal, with what else was seen below each. */
export function formatRows(rows: readonly Row[]): string {
  return rows
    .map((row) =>
      [
        `${row.pass ? 'PASS' : 'MISS'}  ${row.id}: ${row.what}`,
        `      ours   ${figure(row.spread.ours)} ${row.unit}`,
        ...(row.spread.peer ? [`      peer   ${figure(row.spread.peer)} ${row.unit}`] : []),
        ...(row.spread.ratio ? [`      ratio  ${figure(row.spread.ratio)} ×`] : []),
        `      target ${targetOf(row)}`,
        ...(row.growth ? [`      growth ${row.growth.points.map(({ stored, ours }) => `${stored / 1e6} M: ${rounded(ours)}`).join(', ')} ${row.growth.unit}`] : []),
        ...row.notes.map((note) => `      ${note}`),
        '\n',
      ].join('\n'),
    )
    .join('');
}
