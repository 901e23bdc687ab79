import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';

import type { Keys } from '../redis/keys.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { openTags, withoutHour } from './seriesTags.js';

/** Series kept in memory, about 300 bytes each. */
const SERIES_KEPT = 20_000;

/** Reads the sealed tags of series. They never change, so what was read once is kept. */
export class SeriesTagReader {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #secrets: ReadingKeys;
  readonly #cache = new LRUCache<string, Buffer>({ max: SERIES_KEPT });

  constructor(redis: Redis, keys: Keys, secrets: ReadingKeys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#secrets = secrets;
  }

  /**
   * Adds to `known` the sealed tags of those series that it lacks, in one round trip at most. A series that clean-up
   * removed gets null.
   */
  async load(keyName: string, seriesIds: Iterable<string>, known: Map<string, Buffer | null>): Promise<void> {
    const absent: string[] = [];
    for (const id of new Set(seriesIds)) {
      if (known.has(id)) continue;
      const kept = this.#cache.get(`${keyName}:${id}`);
      if (kept === undefined) absent.push(id);
      else known.set(id, kept);
    }
    if (absent.length === 0) return;
    const replies = await this.#redis.hmgetBuffer(this.#keys.metric(keyName).tags, ...absent.map((id) => Buffer.from(id, 'hex')));
    for (const [place, id] of absent.entries()) {
      const stored = replies[place] ?? null;
      const sealed = stored === null ? null : withoutHour(stored);
      known.set(id, sealed);
      if (sealed !== null) this.#cache.set(`${keyName}:${id}`, sealed);
    }
  }

  /** @throws KeyError `SEAL_BROKEN` */
  open(keyName: string, seriesId: string, sealed: Buffer): Readonly<Record<string, string>> {
    return openTags(sealed, keyName, seriesId, this.#secrets);
  }
}
