import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';

import { decompress } from '../codec/compression.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { SeriesKeys } from '../redis/keys.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import type { ChunkEntry, ChunkIndexEntry } from './ChunkIndexEntry.js';
import { readIndex, type IndexRange } from './readIndex.js';

/** A chunk as it is read. */
export interface Chunk<Rows> {
  readonly rows: Rows;
  /**
   * Place of the first row in the order in which the series' rows were stored; each further row has the next. Metrics
   * keep no such order: for them it is only a number that is the same whenever the chunk is read, and no other's.
   */
  readonly firstOffset: number;
}

/** A chunk that was fetched, and is opened when it is needed. */
export interface FetchedChunk<Rows> {
  readonly entry: ChunkEntry;
  /** @throws KeyError when it was sealed under another key, or changed */
  open(): Chunk<Rows>;
}

export interface ChunkFormat<Rows> {
  /** `events` or `metrics`: bound into the seal. */
  readonly kind: string;
  keysOf(series: string): SeriesKeys;
  /** Splits what the hash holds into the sealed bytes and the first row's offset. */
  split(stored: Buffer, entry: ChunkEntry): { readonly sealed: Buffer; readonly firstOffset: number };
  decode(text: string): Rows;
  countOf(rows: Rows): number;
}

export interface ChunkReaderOptions {
  readonly redis: Redis;
  readonly secrets: Pick<ReadingKeys, 'chunks'>;
  /** Bytes of decoded chunks that are kept in memory. Default: 32 MiB; 0 keeps none. */
  readonly cacheBytes?: number | undefined;
}

const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;
/** What the columns of a row take in memory beside its text, roughly. */
const ROW_BYTES = 64;

/** Reads the chunks of one kind: their index, their bytes, their rows. */
export class ChunkReader<Rows extends object> {
  readonly #redis: Redis;
  readonly #secrets: Pick<ReadingKeys, 'chunks'>;
  readonly #format: ChunkFormat<Rows>;
  readonly #cache: LRUCache<string, Chunk<Rows>> | undefined;
  #opened = 0;
  #found = 0;

  constructor(format: ChunkFormat<Rows>, { redis, secrets, cacheBytes = DEFAULT_CACHE_BYTES }: ChunkReaderOptions) {
    this.#format = format;
    this.#redis = redis;
    this.#secrets = secrets;
    // A chunk never changes its bytes, so nothing has to be taken back; a chunk that was removed is not asked for again.
    this.#cache = cacheBytes > 0 ? new LRUCache({ maxSize: cacheBytes }) : undefined;
  }

  /** Chunks opened so far, and how often one was found in memory instead. */
  get counts(): { readonly opened: number; readonly found: number } {
    return { opened: this.#opened, found: this.#found };
  }

  /** What the time index says of the series' chunks, in the order of their latest time. */
  index(series: string, range: IndexRange): AsyncGenerator<ChunkIndexEntry> {
    return readIndex(this.#redis, this.#format.keysOf(series).time, range);
  }

  /** UTC hour → rows stored in it. */
  async hourCounts(series: string): Promise<Map<number, number>> {
    const fields = await this.#redis.hgetall(this.#format.keysOf(series).counts);
    return new Map(Object.entries(fields).flatMap(([field, count]) => (/^\d+$/.test(field) ? [[Number(field), Number(count)]] : [])));
  }

  /**
   * Fetches chunks and their keys in one round trip.
   * @returns those that are still there, in the order asked for: clean-up may have removed some since the index was read
   */
  async fetch(series: string, entries: readonly ChunkEntry[]): Promise<FetchedChunk<Rows>[]> {
    const names = entries.map((entry) => entry.chunkId.toString('latin1'));
    const known = names.map((name) => this.#cache?.get(name));
    const absent = entries.filter((_, place) => known[place] === undefined);
    const stored = new Map<ChunkEntry, StoredChunk>();
    if (absent.length > 0) {
      const replies = await this.#fetchStored(series, absent.map((entry) => entry.chunkId));
      for (const [place, entry] of absent.entries()) {
        const [bytes, wrappedKey] = replies.map((column) => column[place]);
        if (bytes && wrappedKey) stored.set(entry, { bytes, wrappedKey });
      }
    }
    return entries.flatMap((entry, place): FetchedChunk<Rows>[] => {
      const chunk = known[place];
      if (chunk !== undefined) {
        this.#found += 1;
        return [{ entry, open: () => chunk }];
      }
      const found = stored.get(entry);
      if (found === undefined) return [];
      let opened: Chunk<Rows> | undefined;
      return [{ entry, open: () => (opened ??= this.#open(series, entry, found, names[place]!)) }];
    });
  }

  async #fetchStored(series: string, ids: readonly Buffer[]): Promise<(Buffer | null)[][]> {
    const keys = this.#format.keysOf(series);
    const replies = await this.#redis
      .pipeline()
      .hmgetBuffer(keys.chunks, ...ids)
      .hmgetBuffer(keys.dataKeys, ...ids)
      .exec();
    return (replies ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply as (Buffer | null)[]; // what HMGET answers
    });
  }

  #open(series: string, entry: ChunkEntry, stored: StoredChunk, name: string): Chunk<Rows> {
    const { sealed, firstOffset } = this.#format.split(stored.bytes, entry);
    const plain = this.#secrets.chunks.open({ kind: this.#format.kind, series, ...entry }, { bytes: sealed, wrappedKey: stored.wrappedKey });
    const text = decompress(plain);
    const chunk = { rows: this.#format.decode(text), firstOffset };
    if (this.#format.countOf(chunk.rows) !== entry.count) {
      throw new AnalyticsError('STORE_INCONSISTENT', 'A chunk does not hold what its index entry says.');
    }
    this.#opened += 1;
    this.#cache?.set(name, chunk, { size: text.length + entry.count * ROW_BYTES });
    return chunk;
  }
}

interface StoredChunk {
  readonly bytes: Buffer;
  readonly wrappedKey: Buffer;
}
