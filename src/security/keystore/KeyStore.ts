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
  /** Where it is, in a word that may stand in clear. */
  readonly name: string;
  /**
   * Keeps keys of chunks that are about to be stored; resolves when they are kept.
   * @returns for each the key that the chunk has already, since its job ran before: then it has to be sealed under that one
   */
  put(keys: readonly NewDataKey[]): Promise<(Buffer | undefined)[]>;
  /** The wrapped keys of chunks, in their order; undefined for one that has none, or no longer. */
  get(redis: RedisClient, series: KeySeries, chunkIds: readonly Buffer[]): Promise<(Buffer | undefined)[]>;
  /** Chunks of one hash together with their keys, in one round trip; undefined for one that is gone. */
  fetch(redis: RedisClient, chunks: string, series: KeySeries, chunkIds: readonly Buffer[]): Promise<(SealedChunk | undefined)[]>;
  /** Removes keys wherever they are. Safe to repeat. @returns how many there were */
  destroy(redis: RedisClient, series: KeySeries, chunkIds: readonly Buffer[]): Promise<number>;
  /** Closes what it opened. */
  close(): void;
}
