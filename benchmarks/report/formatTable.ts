import type { Row } from '../rows/Row.js';
import { figure } from './figure.js';

const BEGIN = '<!-- figures: npm run bench -- --markdown -->';
const END = '<!-- end of figures -->';

/** The rows as a table in Markdown: medians, with the least and the most of the rounds in brackets. */
export function formatTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const { ours, peer, ratio } = row.spread;
    const cells = [
      `\`${row.id}\`: ${row.what}`,
      `${figure(ours)} ${row.unit}`,
      peer ? figure(peer) : '',
      ratio ? `${figure(ratio)} ×` : '',
      targetOf(row),
      row.pass ? 'met' : 'missed',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| row | ours | peer | ratio | target | |', '| --- | --- | --- | --- | --- | --- |', ...lines, ''].join('\n');
}

/** What a row is held to, in words. */
export function targetOf({ target, targetIs, unit, most, aim }: Row): string {
  return [
    targetIs === 'least ratio' ? `${target} ×` : `at most ${target} ${unit}`,
    ...(most === undefined ? [] : [`at most ${most} ${unit}`]),
    ...(aim === undefined ? [] : [`try for ${aim} ×`]),
  ].join('; ');
}

/** @returns `document` with `table` between its marks. @throws Error when it has none */
export function putTable(document: string, table: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The file has no place for the table: put the lines ${BEGIN} and ${END} into it.`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${table}\n${document.slice(end)}`;
}
