import type { Event } from '../../contract/event.js';
import type { JsonObject, JsonValue } from '../../contract/json.js';
import { eventIdAt } from '../batchId.js';
import type { EventRows } from '../EventRows.js';
import type { Column, ColumnName } from './Column.js';
import { toColumn } from './dictionaryColumn.js';
import type { EventTable } from './EventTable.js';
import { eventOf, storedEventAt, storedEventsOf, type StoredEvent } from './StoredEvent.js';

/** A row without its texts, and a text's share of what is parsed of it: both in memory, roughly. */
const ROW_BYTES = 200;
const PARSED_SHARE = 4;

/** A small chunk's events by column. JSON is parsed when the first column of members is asked for, a row's once. */
export class RowsTable implements EventTable {
  readonly count: number;
  readonly offsets: ArrayLike<number>;
  readonly #rows: EventRows;
  readonly #firstOffset: number;
  readonly #columns = new Map<ColumnName, Column>();
  #properties: readonly JsonObject[] | undefined;
  #metadata: readonly (JsonObject | undefined)[] | undefined;

  /**
   * @param rows of one event type
   * @param firstOffset of the first row; the others follow
   */
  constructor(rows: EventRows, firstOffset: number) {
    this.#rows = rows;
    this.#firstOffset = firstOffset;
    this.count = rows.timestamps.length;
    this.offsets = Float64Array.from(rows.timestamps, (_, row) => firstOffset + row);
  }

  /** Bytes that it keeps in memory, roughly. Grows when members are parsed. */
  get bytes(): number {
    const { properties, metadata } = this.#rows;
    return ROW_BYTES * this.count + lengthOf(properties, this.#properties) + lengthOf(metadata, this.#metadata);
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

  /** Parses the row anew: what is returned may be changed. */
  event(row: number): Event {
    return eventOf(this.#rows.types[row]!, storedEventAt(this.#rows, row, this.#firstOffset));
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
    const objects = name.startsWith('properties.') ? this.#parsedProperties() : this.#parsedMetadata();
    return toColumn(objects.map((object) => memberOf(object, key)));
  }

  #parsedProperties(): readonly JsonObject[] {
    // Verified before they were sealed.
    return (this.#properties ??= this.#rows.properties.map((text) => JSON.parse(text) as JsonObject));
  }

  #parsedMetadata(): readonly (JsonObject | undefined)[] {
    return (this.#metadata ??= this.#rows.metadata.map((text) => (text === '' ? undefined : (JSON.parse(text) as JsonObject))));
  }
}

function lengthOf(texts: readonly string[], parsed: readonly unknown[] | undefined): number {
  let length = 0;
  for (const text of texts) length += text.length;
  return parsed === undefined ? length : length * (1 + PARSED_SHARE);
}

/** An own member: `constructor` is none of an object without one. */
function memberOf(object: JsonObject | undefined, key: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}
