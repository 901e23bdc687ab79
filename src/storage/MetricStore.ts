import { LRUCache } from 'lru-cache';

import { HOUR_MS } from '../codec/hours.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReplicaWaits } from '../redis/ReplicaWaits.js';
import { script, type ScriptArgument, type ScriptCall } from '../redis/Script.js';
import type { SealedChunk } from '../security/ChunkSealer.js';
import { keyBeside } from '../security/keystore/keyBeside.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { KeyUses } from '../security/KeyUses.js';
import { encodeIndexEntry } from './ChunkIndexEntry.js';
import { metricKeyName, metricNamePlace } from './metricKeyName.js';
import { extentOf, sealSmallChunk, type SamplesPlace } from './metrics/MetricChunk.js';
import { sealTags } from './seriesTags.js';

/** Samples of one series, in the order in which they came. */
export interface NewSeries {
  readonly tags: Readonly<Record<string, string>>;
  /** ms since 1970. */
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** The samples of one metric and UTC hour in one batch. */
export interface NewMetricChunk {
  readonly name: string;
  readonly hour: number;
  readonly chunkId: Buffer;
  /** Series id (16 hex digits) → its samples. */
  readonly series: ReadonlyMap<string, NewSeries>;
  /** Samples of the batch that are not in it, since their series found no room. */
  readonly leftOut: number;
  /** The generation of the latest erasure whose samples were left out: see `Erasures`. Default: of none. */
  readonly generation?: number | undefined;
  /** Whether it was asked for after the metric was listed. Default: it was. */
  readonly isAsked?: boolean | undefined;
}

export type MetricOutcome =
  | { readonly kind: 'stored' }
  /** It was stored before. */
  | { readonly kind: 'known' }
  /** Nothing was stored: somebody was erased, or may have been, whom `generation` does not tell of. */
  | { readonly kind: 'erased' }
  /** Nothing was stored: the metric has as many series as it may, and these are none of them. */
  | { readonly kind: 'full'; readonly series: readonly string[] };

export interface MetricStoreOptions {
  /** Series that one metric may have. */
  readonly seriesLimit: number;
  readonly now?: () => number;
  /** With it, what is stored is with a replica too when the call resolves. */
  readonly replicas?: ReplicaWaits | undefined;
}

const NAMES_KEPT = 10_000;
/** Series whose tags need not be sealed and sent again: about 150 bytes of memory each. */
const SERIES_KEPT = 50_000;

/** Writes chunks of samples. One script per chunk does everything that belongs to it. */
export class MetricStore {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #secrets: ReadingKeys;
  readonly #seriesLimit: number;
  readonly #now: () => number;
  readonly #replicas: ReplicaWaits | undefined;
  readonly #fieldUses: KeyUses;
  readonly #cataloguedNames = new LRUCache<string, true>({ max: NAMES_KEPT });
  readonly #toldSeries = new LRUCache<string, true>({ max: SERIES_KEPT });

  constructor(redis: RedisClient, keys: Keys, secrets: ReadingKeys, { seriesLimit, now = Date.now, replicas }: MetricStoreOptions) {
    this.#redis = redis;
    this.#keys = keys;
    this.#secrets = secrets;
    this.#fieldUses = new KeyUses(redis, keys.keyUses, secrets.held[0]!.fieldId); // the current key comes first
    this.#seriesLimit = seriesLimit;
    this.#now = now;
    this.#replicas = replicas;
  }

  /**
   * Stores the chunks in one round trip, each by itself. Safe to repeat.
   * @throws AnalyticsError `STORE_INCONSISTENT` when a key holds something else; whatever Redis answers otherwise
   */
  async store(chunks: readonly NewMetricChunk[]): Promise<MetricOutcome[]> {
    await this.#catalogue(chunks);
    const outcomes: (MetricOutcome | undefined)[] = [];
    let pending = [...chunks.keys()];
    while (pending.length > 0) {
      const replies = await this.#write(pending.map((place) => chunks[place]!));
      const again: number[] = [];
      for (const [index, place] of pending.entries()) {
        const chunk = chunks[place]!;
        const [word, ...rest] = replies[index] as [Buffer, ...unknown[]]; // what the script answers
        const named = (): string[] => [...chunk.series.keys()].filter((_, series) => rest.includes(series + 1));
        switch (word.toString()) {
          case 'stored':
            for (const seriesId of chunk.series.keys()) this.#toldSeries.set(`${chunk.name}|${seriesId}`, true);
            // Clean-up takes a metric without samples off the list, so this process cannot know that it still is on it.
            if (rest[0] === 1) await this.#list(chunk.name);
            outcomes[place] = { kind: 'stored' };
            break;
          case 'known':
            outcomes[place] = { kind: 'known' };
            break;
          case 'erased':
            outcomes[place] = { kind: 'erased' };
            break;
          case 'full':
            outcomes[place] = { kind: 'full', series: named() };
            break;
          case 'untold':
            // Clean-up removed them, or Redis was emptied.
            for (const seriesId of named()) this.#toldSeries.delete(`${chunk.name}|${seriesId}`);
            again.push(place);
            break;
          default:
            throw new AnalyticsError(
              'STORE_INCONSISTENT',
              `A key of the metric store (place ${String(rest[0])} of storeMetricChunk) holds a value of another type. Does another program use this REDIS_PREFIX?`,
            );
        }
      }
      pending = again;
    }
    return outcomes.map((outcome) => outcome!); // each is answered once the loop ends
  }

  async #write(chunks: readonly NewMetricChunk[]): Promise<unknown[]> {
    const fresh = chunks.reduce((sum, { name, series }) => sum + [...series.keys()].filter((seriesId) => !this.#toldSeries.has(`${name}|${seriesId}`)).length, 0);
    if (fresh > 0) await this.#fieldUses.take(fresh);
    const sealed = chunks.map((chunk) => this.#seal(chunk));
    if (this.#secrets.dataKeys.isApart) await this.#keepKeys(chunks, sealed);
    const calls = chunks.map((chunk, place) => this.#call(chunk, sealed[place]!));
    const write = async (): Promise<unknown[]> => script('storeMetricChunk').runMany(this.#redis, calls);
    if (this.#replicas === undefined) return write();
    const fences = new Set(chunks.map(({ name }) => this.#keys.metric(metricKeyName(name, this.#secrets.fingerprints)).fence));
    return this.#replicas.replicated([...fences], write);
  }

  /** @param under the data key that the chunk has already */
  #seal({ name, hour, chunkId, series }: NewMetricChunk, under?: Buffer): SealedMetricChunk {
    const keyName = metricKeyName(name, this.#secrets.fingerprints);
    const samples = Array.from(series, ([seriesId, { times, values }]) => ({ seriesId, times: Float64Array.from(times), values: Float64Array.from(values) }));
    const isEmpty = samples.length === 0;
    const extent = isEmpty ? { count: 0, earliest: hour * HOUR_MS, latest: hour * HOUR_MS } : extentOf(samples);
    const place = { series: keyName, hour, chunkId, ...extent };
    return { place, ...(isEmpty ? NOTHING : sealSmallChunk(place, samples, this.#secrets.chunks, under)) };
  }

  /** See `EventStore`. A chunk of which nothing is left has no key. */
  async #keepKeys(chunks: readonly NewMetricChunk[], sealed: SealedMetricChunk[]): Promise<void> {
    const places = [...sealed.keys()].filter((at) => sealed[at]!.place.count > 0);
    const kept = await this.#secrets.dataKeys.put(
      places.map((at) => {
        const { place, wrappedKey } = sealed[at]!;
        return { series: this.#keys.metric(place.series), chunkId: place.chunkId, wrappedKey };
      }),
    );
    for (const [index, at] of places.entries()) {
      const known = kept[index];
      if (known !== undefined) sealed[at] = this.#seal(chunks[at]!, known);
    }
  }

  #call({ name, hour, chunkId, series, leftOut, generation = 0, isAsked = true }: NewMetricChunk, { place, bytes, wrappedKey }: SealedMetricChunk): ScriptCall {
    const keyName = place.series;
    const { chunks, time, dataKeys, counts, tags, absorbed, retired } = this.#keys.metric(keyName);
    const told = Array.from(series, ([seriesId, one]): ScriptArgument[] => {
      const isTold = this.#toldSeries.get(`${name}|${seriesId}`) !== undefined;
      return [Buffer.from(seriesId, 'hex'), isTold ? '' : sealTags(name, keyName, seriesId, one.tags, this.#secrets)];
    });
    return {
      keys: [chunks, time, dataKeys, counts, tags, absorbed, retired],
      args: [
        chunkId,
        bytes,
        keyBeside(this.#secrets.dataKeys, wrappedKey),
        encodeIndexEntry(place),
        place.count,
        place.latest,
        hour,
        this.#seriesLimit,
        leftOut,
        this.#now(),
        generation,
        isAsked ? '1' : '',
        ...told.flat(),
      ],
    };
  }

  /** Names are listed, sealed, before their first chunk, so that clean-up finds every metric. */
  async #catalogue(chunks: readonly NewMetricChunk[]): Promise<void> {
    for (const { name } of chunks) {
      if (this.#cataloguedNames.has(name)) continue;
      await this.#list(name);
      this.#cataloguedNames.set(name, true);
    }
  }

  async #list(name: string): Promise<void> {
    await this.#fieldUses.take(1);
    const keyName = metricKeyName(name, this.#secrets.fingerprints);
    await this.#redis.hsetnx(this.#keys.metricCatalogue, keyName, this.#secrets.fields.seal(metricNamePlace(keyName), name));
  }
}

interface SealedMetricChunk extends SealedChunk {
  readonly place: SamplesPlace & { readonly chunkId: Buffer };
}

const NOTHING = { bytes: Buffer.alloc(0), wrappedKey: Buffer.alloc(0) };
