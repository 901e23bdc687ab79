import type { ColumnName } from '../../codec/columns/Column.js';
import type { EventTable } from '../../codec/columns/EventTable.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import type { WalkRange } from './HourWalk.js';
import type { Position } from './Position.js';
import type { Predicate } from './filter/Predicate.js';

/** Which events a query is about, and in which order. */
export interface EventScan extends WalkRange {
  readonly type: string;
  readonly predicate: Predicate | undefined;
  /** Events up to this place, in the scan's order, are left out. */
  readonly after: Position | undefined;
}

/** A chunk, with the columns that a query asked for first. */
export interface LoadedChunk {
  readonly entry: ChunkIndexEntry;
  readonly table: EventTable;
  /** Whether it was loaded with all columns. */
  readonly isComplete: boolean;
}

/** A row that belongs to the answer. */
export interface FoundRow {
  readonly time: number;
  readonly offset: number;
  readonly chunk: LoadedChunk;
  readonly row: number;
}

/** Columns that a query's events are made of. */
export type Columns = ReadonlySet<ColumnName> | 'all';

/** Whether a chunk may hold events of the range. */
export function reachesInto({ earliest, latest }: ChunkIndexEntry, { lower, upper }: WalkRange): boolean {
  return earliest <= upper && latest >= lower;
}

/** Whether all events of a chunk are of the range. */
export function liesWithin({ earliest, latest }: ChunkIndexEntry, { lower, upper }: WalkRange): boolean {
  return earliest >= lower && latest <= upper;
}

/** The time of a chunk's first event in the order of the scan. */
export function startOf(entry: ChunkIndexEntry, { order }: WalkRange): number {
  return order === 'asc' ? entry.earliest : entry.latest;
}

/** The time of a chunk's last event in the order of the scan. */
export function endOf(entry: ChunkIndexEntry, { order }: WalkRange): number {
  return order === 'asc' ? entry.latest : entry.earliest;
}

/** Below 0 where, in the order of the scan, the one time is before the other. */
export function compareTimes(one: number, other: number, { order }: WalkRange): number {
  return order === 'asc' ? one - other : other - one;
}
