import type { ColumnName } from '../../codec/columns/Column.js';
import type { EventTable } from '../../codec/columns/EventTable.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { IndexRange } from '../../storage/readIndex.js';

/** What queries of events need of the store. */
export interface EventSource {
  /** The first `size` index entries of the range by their latest time, all of one moment. */
  page(type: string, range: IndexRange, size: number): Promise<readonly ChunkIndexEntry[]>;
  /** All index entries of one UTC hour, with none that a merge replaced or added while they were read. */
  hour(type: string, hour: number): Promise<readonly ChunkIndexEntry[]>;
  /** UTC hour → events stored in it. */
  hourCounts(type: string): Promise<ReadonlyMap<number, number>>;
  /** The chunks with these columns at least; undefined for one that is gone. A small chunk comes with all. */
  load(type: string, entries: readonly ChunkIndexEntry[], columns: ReadonlySet<ColumnName> | 'all'): Promise<(EventTable | undefined)[]>;
}
