import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';

/** Rows that one group may have: 64 k rows of one column are decoded in about 2 ms. */
export const MOST_ROWS = 65_536;
const MOST_CHUNKS = 128;

/** The chunks from `start` on that are loaded together: as many as hold `rows` rows, and one at least. */
export function nextGroup(entries: readonly ChunkIndexEntry[], start: number, rows: number): ChunkIndexEntry[] {
  const most = Math.min(rows, MOST_ROWS);
  let held = 0;
  let end = start;
  while (end < entries.length && end < start + MOST_CHUNKS && held < most) {
    held += entries[end]!.count;
    end += 1;
  }
  return entries.slice(start, end);
}
