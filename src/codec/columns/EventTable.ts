import type { Event } from '../../contract/event.js';
import type { Column, ColumnName } from './Column.js';

/**
 * The events of one chunk, by column, whichever way the chunk rests. A merged chunk's rows stand in the order of (time,
 * offset), a small one's in that of their offsets.
 */
export interface EventTable {
  /** Rows. */
  readonly count: number;
  /** ms since 1970 of each row. Needs the column `time`. */
  readonly times: ArrayLike<number>;
  /** Place of each row in the order in which the events of the type were stored, from 1. Needs the column `offset`. */
  readonly offsets: ArrayLike<number>;
  /** @throws RangeError when the column was not loaded; a column that no row has holds undefined throughout */
  column(name: Exclude<ColumnName, 'time' | 'offset' | 'id'>): Column;
  /** The event's id. Needs the column `id`. */
  id(row: number): string;
  /** The whole event. Needs all columns. */
  event(row: number): Event;
}
