import type { Event } from '../../contract/event.js';
import type { JsonObject, JsonValue } from '../../contract/json.js';
import { eventIdAt } from '../batchId.js';
import type { EventRows } from '../EventRows.js';
import type { Column, ColumnName } from './Column.js';
import { toColumn } from './dictionaryColumn.js';
import type { EventTable } from './EventTable.js';
import { ParsedTexts } from './ParsedTexts.js';
import { eventWith, storedEventAt, storedEventsOf, type StoredEvent } from './StoredEvent.js';

/** A row without its texts, in memory, roughly. */
const ROW_BYTES = 200;

/** A small chunk's events by column. JSON is parsed when the first column of members is asked for, and a row's when it is. */
export class RowsTable implements EventTable {
  readonly count: number;
  readonly offsets: ArrayLike<number>;
  readonly #rows: EventRows;
  readonly #firstOffset: number;
  readonly #columns = new Map<ColumnName, Column>();
  readonly #properties: ParsedTexts;
  readonly #metadata: ParsedTexts;

  /**
   * @param rows of one event type
   * @param firstOffset of the first row; the others follow
   */
  constructor(rows: EventRows, firstOffset: number) {
    this.#rows = rows;
    this.#firstOffset = firstOffset;
    this.#properties = new ParsedTexts(rows.properties);
    this.#metadata = new ParsedTexts(rows.metadata);
    this.count = rows.timestamps.length;
    this.offsets = Float64Array.from(rows.timestamps, (_, row) => firstOffset + row);
  }

  /** Bytes that it keeps in memory, roughly. Grows when members are parsed. */
  get bytes(): number {
    return ROW_BYTES * this.count + this.#properties.bytes + this.#metadata.bytes;
  }

  get times(): ArrayLike<number> {
    return this.#rows.timestamps;
  }

  column(name: Exclude<ColumnName, 'time' | 'offset' | 'id'>): Column {
    let column = this.#columns.get(name);
    if (column === undefined) this.#columns.set(name, (column = this.#make(name)));
    return column;
  }

  id(row: number): string {
    return this.#rows.callerIds.get(row) ?? eventIdAt(this.#rows.batchId, this.#rows.places[row]!);
  }

  /** What is returned may be changed. */
  event(row: number): Event {
    const stored = storedEventAt(this.#rows, row, this.#firstOffset);
    return eventWith(this.#rows.types[row]!, stored, this.#properties.take(row) ?? {}, this.#metadata.take(row));
  }

  /** All events, to be merged. */
  storedEvents(): StoredEvent[] {
    return storedEventsOf(this.#rows, this.#firstOffset);
  }

  #make(name: Exclude<ColumnName, 'time' | 'offset' | 'id'>): Column {
    if (name === 'priority') return { values: [this.#rows.priority], indexes: new Uint8Array(this.count) };
    if (name === 'user') return toColumn(this.#rows.users.map((user) => user ?? undefined));
    if (name === 'session') return toColumn(this.#rows.sessions.map((session) => session ?? undefined));
    const dot = name.indexOf('.');
    const key = name.slice(dot + 1);
    const objects = (name.startsWith('properties.') ? this.#properties : this.#metadata).all();
    return toColumn(objects.map((object) => memberOf(object, key)));
  }
}

/** An own member: `constructor` is none of an object without one. */
function memberOf(object: JsonObject | undefined, key: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}
