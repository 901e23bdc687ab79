import { LRUCache } from 'lru-cache';

import type { ColumnName } from '../codec/columns/Column.js';
import { fetchFields, type FieldRequest } from '../redis/fetchFields.js';
import { blockField, type Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { Breath } from './Breath.js';
import type { ChunkEntry, ChunkIndexEntry } from './ChunkIndexEntry.js';
import { openEventChunk, type EventChunk, type StoredTable } from './EventChunk.js';
import { PurgeMark } from './PurgeMark.js';
import { readHour } from './readHour.js';
import { readIndex, type IndexRange } from './readIndex.js';
import { readIndexPage } from './readIndexPage.js';
import type { ChunkCache } from './watchPurges.js';

export interface EventReaderOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: Pick<ReadingKeys, 'chunks' | 'dataKeys'>;
  /** Bytes of decoded chunks that are kept in memory. Default: 32 MiB; 0 keeps none. */
  readonly cacheBytes?: number | undefined;
}

/** What a reader did so far. */
export interface EventReaderCounts {
  /** Chunks fetched and opened. */
  readonly opened: number;
  /** Chunks found in memory instead, though further columns of them may have been fetched. */
  readonly found: number;
  /** Blocks of merged chunks fetched, heads apart. */
  readonly blocks: number;
}

const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;

/**
 * Reads the chunks of events: their index, and the columns that are asked for. What is opened stays in memory, since a
 * chunk never changes its bytes: nothing has to be taken back but what is erased, see `PurgeMark`.
 */
export class EventReader implements ChunkCache {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #secrets: Pick<ReadingKeys, 'chunks' | 'dataKeys'>;
  readonly #cache: LRUCache<string, EventChunk> | undefined;
  readonly #purges: PurgeMark;
  /** The mark under which the cache was filled. */
  #heldUnder = '';
  /** Handed out since sizes were last looked at: they grow while their columns are decoded. */
  #growing: string[] = [];
  #opened = 0;
  #found = 0;
  #blocks = 0;

  constructor({ redis, keys, secrets, cacheBytes = DEFAULT_CACHE_BYTES }: EventReaderOptions) {
    this.#redis = redis;
    this.#keys = keys;
    this.#secrets = secrets;
    this.#cache = cacheBytes > 0 ? new LRUCache({ maxSize: cacheBytes }) : undefined;
    this.#purges = PurgeMark.of(redis, keys);
  }

  get counts(): EventReaderCounts {
    return { opened: this.#opened, found: this.#found, blocks: this.#blocks };
  }

  /**
   * What the time index says of the type's chunks, in the order of their latest time. A merge between two pages may show
   * an event's chunk both before and after it, or neither: see `hour`.
   */
  index(type: string, range: IndexRange): AsyncGenerator<ChunkIndexEntry> {
    return readIndex(this.#redis, this.#keys.event(type).time, range);
  }

  /** The first `size` entries of the range by their latest time, all of one moment. */
  async page(type: string, range: IndexRange, size: number): Promise<ChunkIndexEntry[]> {
    return readIndexPage(this.#redis, this.#keys.event(type).time, range, size);
  }

  /** All entries of one UTC hour, by their latest time: each event is in exactly one of them. */
  async hour(type: string, hour: number): Promise<ChunkIndexEntry[]> {
    return readHour(this.#redis, this.#keys.event(type), hour);
  }

  /** UTC hour → events stored in it. */
  async hourCounts(type: string): Promise<Map<number, number>> {
    const fields = await this.#redis.hgetall(this.#keys.event(type).counts);
    const counts = new Map<number, number>();
    // A page far down waits for it: 90 days have 2,160 hours. Other fields of the hash are words.
    for (const [field, count] of Object.entries(fields)) {
      const hour = Number(field);
      if (!Number.isNaN(hour)) counts.set(hour, Number(count));
    }
    return counts;
  }

  /**
   * Loads these columns of chunks, in two round trips at most: one for small chunks and the heads of merged ones, one for
   * blocks; and once a second one that asks whether something was erased. Other columns of a merged chunk may be there or
   * not. Gives the event loop back every 10 ms.
   *
   * What it returns was there a second ago: what was erased before is not in it, whatever was in memory.
   *
   * @returns one table for each entry, in their order; undefined for a chunk that is gone: it expired, or was merged and
   *   the index was read more than ten minutes ago
   * @throws KeyError when a chunk does not open; AnalyticsError `STORE_INCONSISTENT` when it is not what its entry says
   */
  async load(type: string, entries: readonly ChunkEntry[], columns: Iterable<ColumnName> | 'all'): Promise<(StoredTable | undefined)[]> {
    if (this.#cache === undefined) return this.#load(type, entries, columns);
    for (let mark = await this.#purges.current(); ; ) {
      if (mark !== this.#heldUnder) this.purge();
      this.#heldUnder = mark;
      const tables = await this.#load(type, entries, columns);
      // Redis may have been away meanwhile, for longer than an erasure takes.
      const now = await this.#purges.current();
      if (now === mark) return tables;
      mark = now;
    }
  }

  async #load(type: string, entries: readonly ChunkEntry[], columns: Iterable<ColumnName> | 'all'): Promise<(StoredTable | undefined)[]> {
    this.#resize();
    const breath = new Breath();
    const names = entries.map(({ chunkId }) => chunkId.toString('latin1'));
    const chunks = names.map((name) => this.#cache?.get(name));
    const absent = [...entries.keys()].filter((place) => chunks[place] === undefined);
    this.#found += entries.length - absent.length;

    const series = this.#keys.event(type);
    const hash = series.chunks;
    const ids = absent.map((place) => entries[place]!.chunkId);
    const stored = await this.#secrets.dataKeys.fetch(this.#redis, hash, series, ids);
    for (const [index, place] of absent.entries()) {
      const sealed = stored[index];
      if (sealed === undefined) continue;
      chunks[place] = openEventChunk(type, entries[place]!, sealed, this.#secrets.chunks);
      this.#opened += 1;
      await breath.take();
    }

    const wanted = columns === 'all' ? columns : [...columns];
    const missing = chunks.map((chunk) => chunk?.missing(wanted) ?? []);
    const gone = await this.#loadBlocks(hash, entries, chunks, missing, breath);
    for (const [place, chunk] of chunks.entries()) {
      if (chunk !== undefined && !gone.has(place)) this.#cache?.set(names[place]!, chunk, { size: chunk.bytes });
    }
    for (const name of names) this.#growing.push(name);
    return chunks.map((chunk, place) => (gone.has(place) ? undefined : chunk?.table));
  }

  get isEmpty(): boolean {
    return this.#cache === undefined || this.#cache.size === 0;
  }

  /** Forgets all chunks. */
  purge(): void {
    this.#cache?.clear();
    this.#growing = [];
  }

  /** @returns the places of chunks that are gone meanwhile */
  async #loadBlocks(
    hash: string,
    entries: readonly ChunkEntry[],
    chunks: readonly (EventChunk | undefined)[],
    missing: readonly (readonly number[])[],
    breath: Breath,
  ): Promise<ReadonlySet<number>> {
    const gone = new Set<number>();
    const places = missing.flatMap((blocks, place) => blocks.map((block) => ({ place, block })));
    const fields: FieldRequest = { key: hash, fields: places.map(({ place, block }) => blockField(entries[place]!.chunkId, block)) };
    const [replies] = await fetchFields(this.#redis, [fields]);
    const loaded = new Map<number, Map<number, Buffer>>();
    for (const [index, { place, block }] of places.entries()) {
      const bytes = replies![index];
      if (!bytes) gone.add(place);
      else if (loaded.has(place)) loaded.get(place)!.set(block, bytes);
      else loaded.set(place, new Map([[block, bytes]]));
    }
    for (const [place, blocks] of loaded) {
      if (gone.has(place)) continue;
      chunks[place]!.add(blocks); // it had blocks missing
      this.#blocks += blocks.size;
      await breath.take();
    }
    return gone;
  }

  /** Tables have grown since they were handed out, and the cache has to know by how much. */
  #resize(): void {
    for (const name of this.#growing) {
      const chunk = this.#cache?.peek(name);
      if (chunk !== undefined) this.#cache!.set(name, chunk, { size: chunk.bytes });
    }
    this.#growing = [];
  }
}
