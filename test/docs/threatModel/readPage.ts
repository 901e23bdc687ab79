/** One row of a table: what stands in backticks in its first cell, and all its cells. */
export interface Row {
  readonly names: readonly string[];
  readonly cells: readonly string[];
}

/** The tables below one heading of the page. */
export interface Section {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** The sections of a page that have a table, by their headings of the second level. */
export function readPage(text: string): Section[] {
  return text
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const [title = '', ...lines] = part.split('\n');
      const [head, , ...body] = lines.filter((line) => line.startsWith('|')).map(cellsOf);
      if (head === undefined) return [];
      const isHead = (cells: readonly string[]): boolean => cells[0] === head[0] || cells.every((cell) => /^:?-+:?$/.test(cell));
      return [{ title: title.trim(), columns: head, rows: body.filter((cells) => !isHead(cells)).map((cells) => ({ cells, names: namesIn(cells[0] ?? '') })) }];
    });
}

function cellsOf(line: string): string[] {
  return line.split('|').slice(1, -1).map((cell) => cell.trim());
}

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}
