/** Rows as text in aligned columns, the head first; columns of `numbers` are aligned to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[], numbers: readonly string[] = []): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => (numbers.includes(head[column]!) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
