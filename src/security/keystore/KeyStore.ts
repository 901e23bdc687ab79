import type { SeriesKeys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import type { SealedChunk } from '../ChunkSealer.js';

/** Whose data keys: those of one event type, or of one metric and its rollups. */
export type KeySeries = Pick<SeriesKeys, 'dataKeys'>;

/** The wrapped data key of a chunk that is about to be stored. */
export interface NewDataKey {
  readonly series: KeySeries;
  readonly chunkId: Uint8Array;
  readonly wrappedKey: Buffer;
}

/** A data key, and what it is wrapped as from now on. */
export interface RewrappedKey {
  readonly chunkId: Buffer;
  readonly before: Buffer;
  readonly wrappedKey: Buffer;
}

/** Some of a series' keys, and where to go on: '0' after the last. */
export interface KeyPage {
  readonly cursor: string;
  readonly keys: readonly (readonly [chunkId: Buffer, wrappedKey: Buffer])[];
}

/**
 * Where the wrapped data keys of chunks are. Whoever destroys one makes every copy of its chunk noise, wherever it lies.
 *
 * `redis` is the connection to the data in every call.
 */
export interface KeyStore {
  /**
   * Whether keys lie apart from the data. Otherwise they lie in the hash beside it: the scripts that store and remove
   * chunks write and remove them as well, and nobody has to call `put`.
   */
  readonly isApart: boolean;
  /** Says where it is, in a word that may stand in clear: the same for all processes that share it. */
  identify(): Promise<string>;
  /**
   * Keeps keys of chunks that are about to be stored; resolves when they are kept.
   * @returns for each the key that the chunk has already, since its job ran before: then it has to be sealed under that one
   */
  put(keys: readonly NewDataKey[]): Promise<(Buffer | undefined)[]>;
  /** The wrapped keys of chunks, in their order; undefined for one that has none, or no longer. */
  get(redis: RedisClient, series: KeySeries, chunkIds: readonly Buffer[]): Promise<(Buffer | undefined)[]>;
  /**
   * Chunks of one hash together with their keys, in one round trip; undefined for one that is gone. One whose key is gone
   * though it is there has an empty key, and opens with a KeyError: that is no reason to leave it out.
   */
  fetch(redis: RedisClient, chunks: string, series: KeySeries, chunkIds: readonly Buffer[]): Promise<(SealedChunk | undefined)[]>;
  /** Removes keys wherever they are. Safe to repeat. @returns how many there were */
  destroy(redis: RedisClient, series: KeySeries, chunkIds: readonly Buffer[]): Promise<number>;
  /**
   * Removes keys of these chunks, which are not stored, but for those that were put within the last hour: a chunk is stored
   * after its key. @returns how many were removed; 0 where keys lie beside the data, and go with their chunks
   */
  removeOrphans(series: KeySeries, chunkIds: readonly Buffer[]): Promise<number>;
  /** Whether its keys are those of the data that is called so. The first one that asks is. */
  belongsTo(dataId: string): Promise<boolean>;
  /** Goes through all keys of a series, page by page: each that is there all the while comes at least once. */
  scan(redis: RedisClient, series: KeySeries, cursor: string): Promise<KeyPage>;
  /** @returns how many were still as they were, and were replaced */
  replace(redis: RedisClient, series: KeySeries, keys: readonly RewrappedKey[]): Promise<number>;
  /** Has Redis write its append-only file anew, so that what was destroyed is in it no longer; resolves when it has begun. */
  rewriteLog(redis: RedisClient): Promise<void>;
  /** Closes what it opened. */
  close(): void;
}
