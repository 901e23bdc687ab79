import type { EventRows } from '../codec/EventRows.js';
import type { EventTable } from '../codec/columns/EventTable.js';
import type { ServerMessage } from '../contract/socketProtocol.js';
import { eventMessage } from './eventMessage.js';

/** The events that a feed entry tells of, in the order of their offsets. */
export interface OpenedEntry {
  /** Whose each event is; null for nobody's. */
  readonly users: readonly (string | null)[];
  /** The event's `analytics_event` message. */
  message(place: number, epoch: string): string;
}

/** The events of a chunk that rests as it was stored. */
export function entryOfRows(rows: EventRows, firstOffset: number): OpenedEntry {
  return { users: rows.users, message: (place, epoch) => eventMessage(rows, place, epoch, firstOffset + place) };
}

/** A row of a merged chunk, all of whose columns are loaded. */
export interface MergedRow {
  readonly table: EventTable;
  readonly row: number;
  readonly offset: number;
}

/** Events that are found in merged chunks, among those of others. */
export function entryOfMergedRows(found: readonly MergedRow[]): OpenedEntry {
  const rows = found.toSorted((one, other) => one.offset - other.offset);
  return {
    users: rows.map(({ table, row }) => {
      const { values, indexes } = table.column('user');
      const user = values[indexes[row]!];
      return typeof user === 'string' ? user : null;
    }),
    message(place, epoch) {
      const { table, row, offset } = rows[place]!;
      return JSON.stringify({ type: 'analytics_event', event: table.event(row), position: { epoch, offset } } satisfies ServerMessage);
    },
  };
}
