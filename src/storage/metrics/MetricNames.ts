import { LRUCache } from 'lru-cache';

import type { Keys } from '../../redis/keys.js';
import { pipelineOf } from '../../redis/pipelineOf.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import type { ReadingKeys } from '../../security/KeyRing.js';
import { metricNamePlace } from '../metricKeyName.js';

/** Names kept in memory, about 200 bytes each; one that is opened anew takes 4 µs. */
const NAMES_KEPT = 10_000;
const PAGE = 1000;

export interface ListedMetric {
  readonly name: string;
  /** As it stands in keys. */
  readonly keyName: string;
}

/** What a metric has. */
export interface MetricFigures {
  /** Different sets of tags that samples are kept of. */
  readonly series: number;
  /** Time of the latest sample, ms since 1970; undefined where only rollups are left. */
  readonly latest: number | undefined;
  /** Samples that were left out because the metric had as many series as it may. */
  readonly overflow: number;
}

/** Reads which metrics there are. */
export class MetricNames {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #secrets: Pick<ReadingKeys, 'fields'>;
  readonly #names = new LRUCache<string, string>({ max: NAMES_KEPT });

  constructor(redis: RedisClient, keys: Keys, secrets: Pick<ReadingKeys, 'fields'>) {
    this.#redis = redis;
    this.#keys = keys;
    this.#secrets = secrets;
  }

  /** All of them, by name. @throws KeyError when a name does not open */
  async all(): Promise<ListedMetric[]> {
    const listed = new Map<string, string>();
    let cursor = '0';
    do {
      const [next, fields] = await this.#redis.hscanBuffer(this.#keys.metricCatalogue, cursor, 'COUNT', PAGE);
      for (let place = 0; place < fields.length; place += 2) {
        const keyName = fields[place]!.toString();
        let name = this.#names.get(keyName);
        if (name === undefined) {
          name = this.#secrets.fields.open(metricNamePlace(keyName), fields[place + 1]!);
          this.#names.set(keyName, name);
        }
        listed.set(keyName, name);
      }
      cursor = next.toString();
    } while (cursor !== '0');
    return Array.from(listed, ([keyName, name]) => ({ name, keyName })).sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Figures of these metrics, in their order and one round trip. */
  async figures(keyNames: readonly string[]): Promise<MetricFigures[]> {
    const pipeline = pipelineOf(this.#redis);
    for (const keyName of keyNames) {
      const { tags, time, counts } = this.#keys.metric(keyName);
      pipeline.hlen(tags).zrange(time, '-1', '-1', 'WITHSCORES').hget(counts, 'overflow');
    }
    const replies = ((await pipeline.exec()) ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply;
    });
    return keyNames.map((_, place) => {
      const [series, last, overflow] = replies.slice(place * 3) as [number, string[], string | null]; // what the three commands answer
      return { series, latest: last[1] === undefined ? undefined : Number(last[1]), overflow: Number(overflow ?? 0) };
    });
  }
}
