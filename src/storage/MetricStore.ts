import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';

import { compressFast } from '../codec/compression.js';
import type { SampleRows } from '../codec/MetricRows.js';
import { encodeSampleRows } from '../codec/metricRowsText.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { Keys } from '../redis/keys.js';
import { script, type ScriptCall } from '../redis/Script.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { encodeIndexEntry } from './ChunkIndexEntry.js';
import { metricKeyName } from './metricKeyName.js';
import { sealTags } from './seriesTags.js';

/** The samples of one metric and UTC hour in one batch. */
export interface NewMetricChunk {
  readonly name: string;
  readonly hour: number;
  readonly chunkId: Buffer;
  readonly rows: SampleRows;
  /** Series id (16 hex digits) → canonical tags, for every series in `rows`. */
  readonly series: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

const NAMES_KEPT = 10_000;

/** Writes chunks of samples. One script per chunk does everything that belongs to it. */
export class MetricStore {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #secrets: ReadingKeys;
  readonly #cataloguedNames = new LRUCache<string, true>({ max: NAMES_KEPT });

  constructor(redis: Redis, keys: Keys, secrets: ReadingKeys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#secrets = secrets;
  }

  /**
   * Stores the chunks in one round trip, each by itself. Safe to repeat.
   * @returns for each chunk whether it was stored now; false where it was before
   */
  async store(chunks: readonly NewMetricChunk[]): Promise<boolean[]> {
    await this.#catalogue(chunks);
    const replies = await script('storeMetricChunk').runMany(
      this.#redis,
      chunks.map((chunk) => this.#call(chunk)),
    );
    const outcomes = replies.map(toOutcome);
    // Clean-up takes a metric without samples off the list, so this process cannot know that it still is on it.
    const anew = chunks.filter((_, place) => outcomes[place]!.isFirst);
    for (const { name } of anew) await this.#list(name);
    return outcomes.map(({ isStored }) => isStored);
  }

  #call({ name, hour, chunkId, rows, series }: NewMetricChunk): ScriptCall {
    const keyName = metricKeyName(name, this.#secrets.fingerprints);
    const keys = this.#keys.metric(keyName);
    let earliest = Infinity;
    let latest = -Infinity;
    for (const timestamp of rows.timestamps) {
      if (timestamp < earliest) earliest = timestamp;
      if (timestamp > latest) latest = timestamp;
    }
    const place = { kind: 'metrics', series: keyName, hour, chunkId, count: rows.values.length, earliest, latest };
    const sealed = this.#secrets.chunks.seal(place, compressFast(encodeSampleRows(rows)));
    const tags = [...series].flatMap(([id, pairs]) => [Buffer.from(id, 'hex'), sealTags(name, keyName, id, pairs, this.#secrets)]);
    return {
      keys: [keys.chunks, keys.time, keys.dataKeys, keys.counts, keys.tags],
      args: [chunkId, sealed.bytes, sealed.wrappedKey, encodeIndexEntry(place), place.count, latest, hour, ...tags],
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
    const keyName = metricKeyName(name, this.#secrets.fingerprints);
    await this.#redis.hsetnx(this.#keys.metricCatalogue, keyName, this.#secrets.fields.seal(`metric name|${keyName}`, name));
  }
}

/** The script's replies are its own: arrays whose first item is a word. */
function toOutcome(reply: unknown): { readonly isStored: boolean; readonly isFirst: boolean } {
  const [word, place] = reply as [Buffer, unknown];
  if (word.toString() === 'wrong type') {
    throw new AnalyticsError(
      'STORE_INCONSISTENT',
      `A key of the metric store (place ${String(place)} of storeMetricChunk) holds a value of another type. Does another program use this REDIS_PREFIX?`,
    );
  }
  const isStored = word.toString() === 'stored';
  return { isStored, isFirst: isStored && place === 1 };
}
