import { LRUCache } from 'lru-cache';

import type { Keys } from '../../redis/keys.js';
import { pipelineOf } from '../../redis/pipelineOf.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import type { ReadingKeys } from '../../security/KeyRing.js';
import type { ChunkCache } from '../watchPurges.js';
import { KnownSeries } from './KnownSeries.js';

/** Series kept in memory, over all metrics: about 500 bytes each. */
const SERIES_KEPT = 50_000;
/** Series of one page: about 250 kB. */
const PAGE = 1000;

interface MetricSeries {
  /** What `counts` says of changes of the series when all were read; undefined while only some were. */
  readonly changes: string | null | undefined;
  readonly series: Map<string, KnownSeries>;
}

/** Reads which series a metric has, and their tags. Tags never change, so what was read once is kept. */
export class SeriesCatalogue implements ChunkCache {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #secrets: ReadingKeys;
  readonly #metrics = new LRUCache<string, MetricSeries>({ maxSize: SERIES_KEPT, sizeCalculation: ({ series }) => series.size + 1 });

  constructor(redis: RedisClient, keys: Keys, secrets: ReadingKeys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#secrets = secrets;
  }

  get isEmpty(): boolean {
    return this.#metrics.size === 0;
  }

  /** Forgets all tags. */
  purge(): void {
    this.#metrics.clear();
  }

  /**
   * Every series of the metric that has samples or rollups, by id. One small round trip when none came or went since the
   * last time; otherwise all are read again, in pages.
   */
  async all(keyName: string): Promise<ReadonlyMap<string, KnownSeries>> {
    const { counts, tags, pastTags } = this.#keys.metric(keyName);
    // Before the series: one that comes meanwhile is read now, and again the next time.
    const changes = await this.#redis.hget(counts, 'changes');
    const known = this.#metrics.get(keyName);
    if (known !== undefined && known.changes === changes) return known.series;
    const series = new Map<string, KnownSeries>();
    for (const key of [pastTags, tags]) {
      for await (const [id, stored] of this.#scan(key)) {
        const seriesId = id.toString('hex');
        series.set(seriesId, known?.series.get(seriesId) ?? new KnownSeries(keyName, seriesId, stored, this.#secrets));
      }
    }
    this.#metrics.set(keyName, { changes, series });
    return series;
  }

  /** These series, in one round trip at most. Those that clean-up removed are left out. */
  async some(keyName: string, seriesIds: Iterable<string>): Promise<ReadonlyMap<string, KnownSeries>> {
    const { changes, series } = this.#metrics.get(keyName) ?? { changes: undefined, series: new Map<string, KnownSeries>() };
    const wanted = [...new Set(seriesIds)];
    const absent = wanted.filter((id) => !series.has(id));
    if (absent.length > 0) {
      for (const [seriesId, stored] of await this.#fetch(keyName, absent)) series.set(seriesId, new KnownSeries(keyName, seriesId, stored, this.#secrets));
      this.#metrics.set(keyName, { changes, series });
    }
    return new Map(
      wanted.flatMap((id) => {
        const found = series.get(id);
        return found === undefined ? [] : [[id, found] as const];
      }),
    );
  }

  async #fetch(keyName: string, seriesIds: readonly string[]): Promise<Map<string, Buffer>> {
    const { tags, pastTags } = this.#keys.metric(keyName);
    const found = new Map<string, Buffer>();
    for (let from = 0; from < seriesIds.length; from += PAGE) {
      const page = seriesIds.slice(from, from + PAGE);
      const fields = page.map((id) => Buffer.from(id, 'hex'));
      const replies = (await pipelineOf(this.#redis).hmgetBuffer(tags, ...fields).hmgetBuffer(pastTags, ...fields).exec()) ?? [];
      for (const [error, values] of replies) {
        if (error) throw error;
        // What HMGET answers.
        for (const [place, stored] of (values as (Buffer | null)[]).entries()) if (stored !== null && !found.has(page[place]!)) found.set(page[place]!, stored);
      }
    }
    return found;
  }

  async *#scan(key: string): AsyncGenerator<readonly [id: Buffer, stored: Buffer]> {
    let cursor = '0';
    do {
      const [next, fields] = await this.#redis.hscanBuffer(key, cursor, 'COUNT', PAGE);
      for (let place = 0; place < fields.length; place += 2) yield [fields[place]!, fields[place + 1]!];
      cursor = next.toString();
    } while (cursor !== '0');
  }
}
