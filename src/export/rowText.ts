import type { Cell } from './coarsen.js';

/** How rows become text. */
export interface RowText {
  /** What comes before the rows. */
  readonly head: string;
  readonly row: (cells: readonly Cell[]) => string;
}

/** A JSON object a line. */
export function ndjsonText(columns: readonly string[]): RowText {
  return { head: '', row: (cells) => `${JSON.stringify(Object.fromEntries(columns.map((column, place) => [column, cells[place] ?? null])))}\n` };
}

/** RFC 4180, with CRLF. */
export function csvText(columns: readonly string[]): RowText {
  const line = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`;
  return { head: line(columns), row: line };
}

/** A spreadsheet takes a text that begins so for a formula, also behind blanks. */
const FORMULA = /^\s*[=+\-@\t\r\n|%]/;

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
