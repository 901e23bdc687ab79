import type { Event } from '../../contract/event.js';
import { EventPriority } from '../../contract/EventPriority.js';
import { ByteReader } from './ByteReader.js';
import type { Column, ColumnName } from './Column.js';
import { absentColumn, readDictionary, toColumn } from './dictionaryColumn.js';
import type { EventHead, StoredColumnName } from './EventHead.js';
import type { EventTable } from './EventTable.js';
import { IdColumn } from './idColumn.js';
import { readIntegers } from './integerColumn.js';
import { malformed } from './malformed.js';
import type { MemberName } from './memberColumns.js';
import { RowMembers } from './RowMembers.js';
import type { StoredEvent } from './StoredEvent.js';

/** A value and its place in a list, in memory, roughly, beside its own length. */
const VALUE_BYTES = 24;

/**
 * A merged chunk's events. A column is decoded when it is first asked for, and kept; what it was decoded from is let go.
 * Values that are objects are shared by all who ask for a column: only `event` makes copies.
 */
export class MergedTable implements EventTable {
  readonly count: number;
  readonly #type: string;
  readonly #head: EventHead;
  readonly #blocks = new Map<number, Buffer>();
  readonly #loaded = new Set<number>();
  readonly #columns = new Map<string, Column>();
  #times: Float64Array | undefined;
  #offsets: Float64Array | undefined;
  #ids: IdColumn | undefined;
  #members: RowMembers | undefined;
  #decodedBytes = 0;

  /**
   * @param blocks what was loaded so far, opened
   * @throws AnalyticsError `STORE_INCONSISTENT` when the head is another type's
   */
  constructor(type: string, head: EventHead, blocks: ReadonlyMap<number, Buffer>) {
    if (head.type !== type) throw malformed('it is of another type');
    this.#type = type;
    this.#head = head;
    this.count = head.count;
    this.add(blocks);
  }

  /** Bytes that it keeps in memory, roughly. Grows while columns are decoded. */
  get bytes(): number {
    let waiting = 0;
    for (const block of this.#blocks.values()) waiting += block.length;
    return this.#head.bytes + waiting + this.#decodedBytes;
  }

  /** Adds blocks that were loaded later. One that is there already is left as it is. */
  add(blocks: ReadonlyMap<number, Buffer>): void {
    for (const [number, block] of blocks) {
      if (this.#loaded.has(number)) continue;
      this.#loaded.add(number);
      this.#blocks.set(number, block);
    }
  }

  /** The blocks that still have to be loaded before these columns can be read. */
  missing(columns: Iterable<ColumnName> | 'all'): number[] {
    return this.#head.blocksOf(columns).filter((block) => !this.#loaded.has(block));
  }

  get times(): Float64Array {
    return (this.#times ??= this.#integers('time'));
  }

  get offsets(): Float64Array {
    return (this.#offsets ??= this.#integers('offset'));
  }

  column(name: Exclude<ColumnName, 'time' | 'offset' | 'id'>): Column {
    const [stored, more] = this.#head.needs(name);
    if (more === undefined) return stored === undefined ? absentColumn(this.count) : this.#column(stored);
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = toColumn(this.#rowMembers().restOf(name as MemberName)); // only members are in `rest`
      this.#keep(name, column);
    }
    return column;
  }

  id(row: number): string {
    return this.#idColumn().at(row);
  }

  event(row: number): Event {
    const { userId, sessionId } = this.#subjects(row);
    const { properties, metadata } = this.#rowMembers().read(row);
    return {
      id: this.id(row),
      type: this.#type,
      priority: this.#priority(row),
      ...(userId !== null && { userId }),
      ...(sessionId !== null && { sessionId }),
      properties,
      ...(metadata !== undefined && { metadata }),
      timestamp: this.times[row]!,
    };
  }

  /** All events, to be merged again. Their JSON is as `JSON.stringify` writes it. Needs all columns. */
  storedEvents(): StoredEvent[] {
    const members = this.#rowMembers();
    return Array.from(this.times, (timestamp, row) => ({
      offset: this.offsets[row]!,
      timestamp,
      id: this.id(row),
      priority: this.#priority(row),
      ...this.#subjects(row),
      ...members.readText(row),
    }));
  }

  #subjects(row: number): { userId: string | null; sessionId: string | null } {
    return { userId: textAt(this.column('user'), row), sessionId: textAt(this.column('session'), row) };
  }

  #priority(row: number): EventPriority {
    const { values, indexes } = this.column('priority');
    const priority = values[indexes[row]!];
    if (!isPriority(priority)) throw malformed('a priority is unknown');
    return priority;
  }

  #rowMembers(): RowMembers {
    const hasColumn = (name: MemberName): boolean => this.#head.columns.has(name);
    const rest = this.#head.columns.has('rest') ? this.#column('rest') : undefined;
    return (this.#members ??= new RowMembers(this.#column('shape'), rest, hasColumn, (name) => this.#column(name)));
  }

  #column(name: StoredColumnName): Column {
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = this.#decode(name, (bytes) => readDictionary(bytes, this.count));
      this.#keep(name, column);
    }
    return column;
  }

  #integers(name: 'time' | 'offset'): Float64Array {
    return this.#decode(name, (bytes) => {
      const reader = new ByteReader(bytes);
      const numbers = readIntegers(reader, this.count);
      reader.end();
      this.#decodedBytes += numbers.byteLength;
      return numbers;
    });
  }

  #idColumn(): IdColumn {
    return (this.#ids ??= this.#decode('id', (bytes) => {
      this.#decodedBytes += 2 * bytes.length + 6 * this.count;
      return new IdColumn(bytes, this.count);
    }));
  }

  /** Decodes a column, and lets go of the block that it was in. */
  #decode<T>(name: StoredColumnName, decode: (bytes: Buffer) => T): T {
    const decoded = decode(this.#head.open(name, this.#blocks));
    const place = this.#head.columns.get(name);
    if (place?.in === 'block') this.#blocks.delete(place.at);
    return decoded;
  }

  #keep(name: string, column: Column): void {
    this.#columns.set(name, column);
    // Codes rest in as many bytes as indexes take.
    const rawLength = this.#head.columns.get(name)?.rawLength ?? 0;
    this.#decodedBytes += Math.max(rawLength, column.indexes.byteLength) + VALUE_BYTES * column.values.length;
  }
}

function textAt({ values, indexes }: Column, row: number): string | null {
  const value = values[indexes[row]!];
  if (value !== undefined && typeof value !== 'string') throw malformed('a user or session is no text');
  return value ?? null;
}

const PRIORITIES: ReadonlySet<unknown> = new Set(Object.values(EventPriority));

function isPriority(value: unknown): value is EventPriority {
  return PRIORITIES.has(value);
}
