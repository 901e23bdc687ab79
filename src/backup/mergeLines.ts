import type { IndexLine } from './files/IndexLine.js';

/** An index with these cells in the place of its own, or without them where they are undefined, in the order of the keys. */
export async function* mergeLines(lines: AsyncIterable<IndexLine>, fresh: ReadonlyMap<string, IndexLine | undefined>): AsyncGenerator<IndexLine> {
  const sorted = [...fresh].sort(([one], [other]) => (one < other ? -1 : 1));
  let next = 0;
  for await (const line of lines) {
    for (; next < sorted.length && sorted[next]![0] < line.key; next += 1) {
      const [, added] = sorted[next]!;
      if (added !== undefined) yield added;
    }
    if (sorted[next]?.[0] !== line.key) yield line;
  }
  for (; next < sorted.length; next += 1) {
    const [, added] = sorted[next]!;
    if (added !== undefined) yield added;
  }
}
