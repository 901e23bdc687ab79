import { createHash } from 'node:crypto';

import type { ColumnName } from '../../../src/codec/columns/Column.js';
import type { EventTable } from '../../../src/codec/columns/EventTable.js';
import { MergedTable } from '../../../src/codec/columns/MergedTable.js';
import { readHead } from '../../../src/codec/columns/EventHead.js';
import { packEvents, type PackedEvents } from '../../../src/codec/columns/packEvents.js';
import { RowsTable } from '../../../src/codec/columns/RowsTable.js';
import { storedEventsOf, type StoredEvent } from '../../../src/codec/columns/StoredEvent.js';
import { newBatchId } from '../../../src/codec/batchId.js';
import { hourOf } from '../../../src/codec/hours.js';
import type { EventPriority } from '../../../src/contract/EventPriority.js';
import type { JsonObject } from '../../../src/contract/json.js';
import type { EventSource } from '../../../src/queries/events/EventSource.js';
import type { ChunkIndexEntry } from '../../../src/storage/ChunkIndexEntry.js';

export interface GivenRow {
  readonly timestamp: number;
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly properties?: JsonObject;
  readonly metadata?: JsonObject | undefined;
}

interface MemoryChunk {
  readonly entry: ChunkIndexEntry;
  readonly events: readonly StoredEvent[];
  /** Gives the chunk with what was asked for. */
  open(columns: ReadonlySet<ColumnName> | 'all'): EventTable;
}

/** Chunks of one type as the store lays them out, without Redis: what is swapped stays readable, as it does for a while there. */
export class MemoryStore implements EventSource {
  readonly type = 'page_view';
  /** Loads so far: which columns of how many chunks. */
  readonly loads: { readonly chunks: number; readonly columns: readonly string[] | 'all' }[] = [];
  /** Runs before each answer, so that things happen between two reads of one query. */
  meanwhile: () => void = () => {};
  readonly #chunks = new Map<string, MemoryChunk>();
  readonly #readable = new Map<string, MemoryChunk>();
  #offset = 0;
  #batches = 0;
  #merged = 0;

  /** Stores a batch: a small chunk for each hour. */
  write(rows: readonly GivenRow[], priority: EventPriority = 'normal'): StoredEvent[] {
    const stored: StoredEvent[] = [];
    this.#batches += 1;
    const batchId = newBatchId(this.#batches);
    const byHour = new Map<number, GivenRow[]>();
    for (const row of rows) byHour.set(hourOf(row.timestamp), [...(byHour.get(hourOf(row.timestamp)) ?? []), row]);
    for (const [hour, some] of byHour) {
      const eventRows = {
        batchId,
        priority,
        places: some.map((row) => rows.indexOf(row)),
        types: some.map(() => this.type),
        timestamps: some.map((row) => row.timestamp),
        users: some.map((row) => row.userId ?? null),
        sessions: some.map((row) => row.sessionId ?? null),
        callerIds: new Map<number, string>(),
        properties: some.map((row) => JSON.stringify(row.properties ?? {})),
        metadata: some.map((row) => (row.metadata === undefined ? '' : JSON.stringify(row.metadata))),
      };
      const first = this.#offset + 1;
      this.#offset += some.length;
      const events = storedEventsOf(eventRows, first);
      const table = new RowsTable(eventRows, first);
      this.#add(hour, `s${this.#batches}`, events, 0, () => table);
      stored.push(...events);
    }
    return stored;
  }

  /** Swaps all chunks of an hour for merged ones of so many rows; `isAbrupt`: those that are replaced are gone at once. */
  merge(hour: number, rowsPerChunk: number, isAbrupt = false): void {
    const inputs = [...this.#chunks].filter(([, chunk]) => chunk.entry.hour === hour);
    const events = inputs.flatMap(([, chunk]) => chunk.events).sort((one, other) => one.timestamp - other.timestamp || one.offset - other.offset);
    for (const [name] of inputs) {
      this.#chunks.delete(name);
      if (isAbrupt) this.#readable.delete(name);
    }
    for (let start = 0; start < events.length; start += rowsPerChunk) {
      const some = events.slice(start, start + rowsPerChunk);
      this.#merged += 1;
      // Packed when it is read: most are not.
      let packed: PackedEvents | undefined;
      this.#add(hour, `m${this.#merged}`, some, 1, (columns) => {
        packed ??= packEvents(this.type, some);
        const table = new MergedTable(this.type, readHead(packed.head), new Map());
        table.add(new Map(table.missing(columns).map((block) => [block, packed!.blocks[block]!])));
        return table;
      });
    }
  }

  /** Removes chunks that are wholly older. */
  cleanUp(before: number): void {
    for (const [name, { entry }] of this.#chunks) {
      if (entry.latest >= before) continue;
      this.#chunks.delete(name);
      this.#readable.delete(name);
    }
  }

  hours(): number[] {
    return [...new Set(Array.from(this.#chunks.values(), (chunk) => chunk.entry.hour))];
  }

  async page(_: string, { from, to, order }: { from: number; to: number; order: 'asc' | 'desc' }, size: number): Promise<ChunkIndexEntry[]> {
    this.meanwhile();
    const entries = Array.from(this.#chunks.values(), (chunk) => chunk.entry)
      .filter(({ latest }) => latest >= from && latest <= to)
      .sort((one, other) => one.latest - other.latest || one.chunkId.compare(other.chunkId));
    return Promise.resolve((order === 'asc' ? entries : entries.reverse()).slice(0, size));
  }

  async hour(type: string, hour: number): Promise<ChunkIndexEntry[]> {
    return this.page(type, { from: hour * 3_600_000, to: hour * 3_600_000 + 3_599_999, order: 'asc' }, Infinity);
  }

  async hourCounts(): Promise<Map<number, number>> {
    this.meanwhile();
    const counts = new Map<number, number>();
    for (const { entry } of this.#chunks.values()) counts.set(entry.hour, (counts.get(entry.hour) ?? 0) + entry.count);
    return Promise.resolve(counts);
  }

  async load(_: string, entries: readonly ChunkIndexEntry[], columns: ReadonlySet<ColumnName> | 'all'): Promise<(EventTable | undefined)[]> {
    this.meanwhile();
    this.loads.push({ chunks: entries.length, columns: columns === 'all' ? 'all' : [...columns].sort() });
    return Promise.resolve(entries.map(({ chunkId }) => this.#readable.get(chunkId.toString('hex'))?.open(columns)));
  }

  #add(hour: number, name: string, events: readonly StoredEvent[], blocks: number, open: MemoryChunk['open']): void {
    const chunkId = createHash('sha256').update(`${name} ${hour}`).digest().subarray(0, 16);
    const times = events.map((event) => event.timestamp);
    const entry = { chunkId, hour, earliest: Math.min(...times), latest: Math.max(...times), count: events.length, blocks };
    const chunk = { entry, events, open };
    this.#chunks.set(chunkId.toString('hex'), chunk);
    this.#readable.set(chunkId.toString('hex'), chunk);
  }
}
