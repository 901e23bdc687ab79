import type { ColumnName } from '../codec/columns/Column.js';
import type { EventTable } from '../codec/columns/EventTable.js';
import type { ChunkIndexEntry } from '../storage/ChunkIndexEntry.js';
import type { EventReader } from '../storage/EventReader.js';
import type { FeedEntry } from './feedEntry.js';
import { entryOfMergedRows, type MergedRow, type OpenedEntry } from './OpenedEntry.js';

const PLACE: readonly ColumnName[] = ['time', 'offset'];
const MOST_TRIES = 5;

/**
 * Finds the events of feed entries whose chunks were merged and are gone, which whoever is more than ten minutes behind
 * meets. The time index leads to the merged chunks of the entry's hour, the columns of times and offsets to its rows in
 * them.
 *
 * For one run through a feed of one type: what it reads of an hour is kept for the further entries of that hour.
 */
export class MergedEntries {
  readonly #reader: Pick<EventReader, 'hour' | 'load'>;
  readonly #type: string;
  readonly #hours = new Map<number, readonly ChunkIndexEntry[]>();

  /** @param reader keeps chunks in memory, since one holds the events of about a hundred entries */
  constructor(reader: Pick<EventReader, 'hour' | 'load'>, type: string) {
    this.#reader = reader;
    this.#type = type;
  }

  /**
   * @returns undefined where there are none: the entry was left by a write that failed, or its events expired
   * @throws KeyError when a chunk does not open; whatever Redis answers otherwise
   */
  async find(entry: FeedEntry): Promise<OpenedEntry | undefined> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const isFresh = !this.#hours.has(entry.hour);
      const rows = await this.#rowsOf(entry);
      // What was kept of the hour may be from before a merge: the index, read again, leads to what came of it.
      if (rows === undefined || (rows.length < entry.count && !isFresh)) this.#hours.delete(entry.hour);
      else return rows.length === 0 ? undefined : entryOfMergedRows(rows);
    }
    return undefined;
  }

  /** The entry's rows; undefined when a chunk was merged again meanwhile and is gone. */
  async #rowsOf(entry: FeedEntry): Promise<MergedRow[] | undefined> {
    const chunks = (await this.#chunksOf(entry.hour)).filter(({ earliest, latest }) => latest >= entry.earliest && earliest <= entry.latest);
    const tables = await this.#reader.load(this.#type, chunks, PLACE);
    const found: { readonly chunk: ChunkIndexEntry; readonly rows: readonly number[] }[] = [];
    for (const [place, table] of tables.entries()) {
      if (table === undefined) return undefined;
      const rows = rowsIn(table, entry);
      if (rows.length > 0) found.push({ chunk: chunks[place]!, rows });
    }
    const whole = await this.#reader.load(this.#type, found.map(({ chunk }) => chunk), 'all');
    if (whole.includes(undefined)) return undefined;
    return whole.flatMap((table, place) => found[place]!.rows.map((row) => ({ table: table!, row, offset: table!.offsets[row]! })));
  }

  async #chunksOf(hour: number): Promise<readonly ChunkIndexEntry[]> {
    let chunks = this.#hours.get(hour);
    if (chunks === undefined) {
      // A small chunk is some entry's own.
      chunks = (await this.#reader.hour(this.#type, hour)).filter(({ blocks }) => blocks > 0);
      this.#hours.set(hour, chunks);
    }
    return chunks;
  }
}

/** Rows of a merged chunk, which stand in the order of their times, that are of the entry. */
function rowsIn({ count, times, offsets }: EventTable, entry: FeedEntry): number[] {
  let low = 0;
  for (let high = count; low < high; ) {
    const middle = (low + high) >> 1;
    if (times[middle]! < entry.earliest) low = middle + 1;
    else high = middle;
  }
  const rows: number[] = [];
  const before = entry.offset - entry.count;
  for (let row = low; row < count && times[row]! <= entry.latest; row += 1) {
    if (offsets[row]! > before && offsets[row]! <= entry.offset) rows.push(row);
  }
  return rows;
}
