import type { EventTable } from '../../codec/columns/EventTable.js';
import type { ColumnName } from '../../codec/columns/Column.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { EventReader } from '../../storage/EventReader.js';

/** Whose events are looked for. */
export interface Wanted {
  readonly userId: string;
  /** The offset of the last event that is meant. */
  readonly upTo: number;
}

export interface Holders {
  /** Chunks that hold some. */
  readonly holders: readonly ChunkIndexEntry[];
  /** How many they are. */
  readonly events: number;
  /** Chunks that do not open. */
  readonly unreadable: number;
}

const COLUMNS: readonly ColumnName[] = ['user', 'offset'];
/** Loaded together. */
const CHUNKS_AT_ONCE = 64;

/**
 * The chunks that hold somebody's events.
 * @returns undefined when one of them is gone: it was replaced, or expired, after the index was read
 */
export async function findHolders(reader: Pick<EventReader, 'load'>, type: string, entries: readonly ChunkIndexEntry[], wanted: Wanted): Promise<Holders | undefined> {
  const holders: ChunkIndexEntry[] = [];
  let events = 0;
  let unreadable = 0;
  const left: (readonly ChunkIndexEntry[])[] = [];
  for (let from = 0; from < entries.length; from += CHUNKS_AT_ONCE) left.push(entries.slice(from, from + CHUNKS_AT_ONCE));
  for (let some = left.pop(); some !== undefined; some = left.pop()) {
    let tables: readonly (EventTable | undefined)[];
    try {
      tables = await reader.load(type, some, COLUMNS);
    } catch (error) {
      if (!(error instanceof AnalyticsError)) throw error;
      // A spoilt chunk must not hide its neighbours.
      if (some.length === 1) unreadable += 1;
      else left.push(some.slice(0, some.length >> 1), some.slice(some.length >> 1));
      continue;
    }
    for (const [place, table] of tables.entries()) {
      if (table === undefined) return undefined;
      const rows = rowsOf(table, wanted);
      if (rows.length === 0) continue;
      events += rows.length;
      holders.push(some[place]!);
    }
  }
  return { holders, events, unreadable };
}

/** The rows that are theirs. Needs the columns of users and offsets. */
export function rowsOf(table: EventTable, { userId, upTo }: Wanted): number[] {
  const { values, indexes } = table.column('user');
  const index = values.indexOf(userId);
  if (index === -1) return [];
  const rows: number[] = [];
  for (let row = 0; row < table.count; row += 1) if (indexes[row] === index && table.offsets[row]! <= upTo) rows.push(row);
  return rows;
}
