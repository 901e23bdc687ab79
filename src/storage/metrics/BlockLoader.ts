import { LRUCache } from 'lru-cache';

import { blocksOf } from '../../codec/series/packSeries.js';
import type { SeriesSamples } from '../../codec/series/SeriesSamples.js';
import { fetchFields } from '../../redis/fetchFields.js';
import { blockField, type Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import type { ReadingKeys } from '../../security/KeyRing.js';
import { PurgeMark } from '../PurgeMark.js';
import type { Breath } from '../Breath.js';
import type { ChunkIndexEntry } from '../ChunkIndexEntry.js';
import type { ChunkCache } from '../watchPurges.js';
import { openMetricChunk, type MetricChunk } from './MetricChunk.js';

export interface BlockLoaderOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: Pick<ReadingKeys, 'chunks' | 'dataKeys'>;
  /** Bytes of decoded blocks that are kept in memory. Default: 64 MiB, about 4 million samples; 0 keeps none. */
  readonly cacheBytes?: number | undefined;
}

/** What was done so far. */
export interface BlockCounts {
  /** Blocks opened and decoded; a small chunk is one. */
  readonly opened: number;
  /** Blocks found in memory instead. */
  readonly found: number;
}

/** Chunk → the series of those of its blocks that were asked for. A chunk that is gone is not in it. */
export type LoadedBlocks = ReadonlyMap<ChunkIndexEntry, readonly SeriesSamples[]>;

const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;
/** The part of the memory that is for directories: with them in it, a block takes one round trip instead of two. */
const DIRECTORIES = 1 / 16;
/** What a series takes in memory beside its samples, and a directory beside its ids, roughly. */
const OVERHEAD_BYTES = 300;
const SAMPLE_BYTES = 16;
const ID_BYTES = 64;

/**
 * Fetches and opens blocks of samples. They never change, so what is in memory is good until it is pushed out, or something
 * was erased: see `PurgeMark`.
 */
export class BlockLoader implements ChunkCache {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #secrets: Pick<ReadingKeys, 'chunks' | 'dataKeys'>;
  readonly #chunks: LRUCache<string, MetricChunk> | undefined;
  readonly #blocks: LRUCache<string, readonly SeriesSamples[]> | undefined;
  readonly #purges: PurgeMark;
  /** The mark under which memory was filled. */
  #heldUnder = '';
  #opened = 0;
  #found = 0;

  constructor({ redis, keys, secrets, cacheBytes = DEFAULT_CACHE_BYTES }: BlockLoaderOptions) {
    this.#redis = redis;
    this.#keys = keys;
    this.#secrets = secrets;
    this.#purges = PurgeMark.of(redis, keys);
    if (cacheBytes <= 0) return;
    this.#chunks = new LRUCache({ maxSize: Math.ceil(cacheBytes * DIRECTORIES), sizeCalculation: bytesOfChunk });
    this.#blocks = new LRUCache({ maxSize: Math.ceil(cacheBytes * (1 - DIRECTORIES)), sizeCalculation: bytesOfBlock });
  }

  get counts(): BlockCounts {
    return { opened: this.#opened, found: this.#found };
  }

  /**
   * The blocks that may hold wanted series, in two round trips at most: one for small chunks and directories, one for
   * blocks; none for what is in memory, but one a second that asks whether something was erased.
   *
   * @throws KeyError when a chunk does not open; AnalyticsError `STORE_INCONSISTENT` when it is not what its entry says
   */
  async load(keyName: string, entries: readonly ChunkIndexEntry[], wanted: ReadonlySet<string> | undefined, breath: Breath): Promise<LoadedBlocks> {
    if (this.#blocks === undefined) return this.#load(keyName, entries, wanted, breath);
    for (let mark = await this.#purges.current(); ; ) {
      if (mark !== this.#heldUnder) this.purge();
      this.#heldUnder = mark;
      const loaded = await this.#load(keyName, entries, wanted, breath);
      // Redis may have been away meanwhile, for longer than an erasure takes.
      const now = await this.#purges.current();
      if (now === mark) return loaded;
      mark = now;
    }
  }

  get isEmpty(): boolean {
    return (this.#blocks?.size ?? 0) + (this.#chunks?.size ?? 0) === 0;
  }

  /** Forgets all of them. */
  purge(): void {
    this.#blocks?.clear();
    this.#chunks?.clear();
  }

  async #load(keyName: string, entries: readonly ChunkIndexEntry[], wanted: ReadonlySet<string> | undefined, breath: Breath): Promise<LoadedBlocks> {
    const chunks = await this.#loadChunks(keyName, entries, breath);
    const loaded = new Map<ChunkIndexEntry, SeriesSamples[]>();
    const absent: { readonly entry: ChunkIndexEntry; readonly chunk: MetricChunk; readonly block: number }[] = [];
    for (const [entry, chunk] of chunks) {
      const series: SeriesSamples[] = [];
      loaded.set(entry, series);
      for (const block of blocksOf(chunk.starts, wanted)) {
        const known = this.#blocks?.get(blockName(entry, block));
        if (known === undefined) absent.push({ entry, chunk, block });
        else series.push(...known);
        if (known !== undefined) this.#found += 1;
      }
    }

    const fetched = absent.filter(({ chunk }) => chunk.inline === undefined);
    const fields = fetched.map(({ entry, block }) => blockField(entry.chunkId, block));
    const [replies] = await fetchFields(this.#redis, [{ key: this.#keys.metric(keyName).chunks, fields }]);
    const sealed = new Map(fetched.map((one, place) => [one, replies![place] ?? undefined]));
    for (const one of absent) {
      const { entry, chunk, block } = one;
      const bytes = chunk.inline ?? sealed.get(one);
      if (bytes === undefined) {
        loaded.delete(entry);
        continue;
      }
      const series = chunk.open(block, bytes);
      this.#opened += 1;
      this.#blocks?.set(blockName(entry, block), series);
      loaded.get(entry)?.push(...series);
      await breath.take();
    }
    return loaded;
  }

  async #loadChunks(keyName: string, entries: readonly ChunkIndexEntry[], breath: Breath): Promise<Map<ChunkIndexEntry, MetricChunk>> {
    const chunks = new Map<ChunkIndexEntry, MetricChunk>();
    const absent: ChunkIndexEntry[] = [];
    for (const entry of entries) {
      const known = this.#chunks?.get(chunkName(entry));
      if (known === undefined) absent.push(entry);
      else chunks.set(entry, known);
    }
    const series = this.#keys.metric(keyName);
    const stored = await this.#secrets.dataKeys.fetch(this.#redis, series.chunks, series, absent.map(({ chunkId }) => chunkId));
    for (const [place, entry] of absent.entries()) {
      const sealed = stored[place];
      if (sealed === undefined) continue;
      const chunk = openMetricChunk(keyName, entry, sealed, this.#secrets.chunks);
      chunks.set(entry, chunk);
      this.#chunks?.set(chunkName(entry), chunk);
      await breath.take();
    }
    return chunks;
  }
}

function chunkName({ chunkId }: ChunkIndexEntry): string {
  return chunkId.toString('latin1');
}

function blockName(entry: ChunkIndexEntry, block: number): string {
  return `${chunkName(entry)}${block}`;
}

function bytesOfChunk({ starts, inline }: MetricChunk): number {
  return OVERHEAD_BYTES + starts.length * ID_BYTES + (inline?.length ?? 0);
}

function bytesOfBlock(series: readonly SeriesSamples[]): number {
  return series.reduce((sum, { times }) => sum + OVERHEAD_BYTES + times.length * SAMPLE_BYTES, OVERHEAD_BYTES);
}
