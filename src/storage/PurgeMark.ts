import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

/**
 * For so long a process may use what it holds of chunks without asking whether some of it was erased. An erasure waits
 * longer than that before its receipt, so that no process gives out afterwards what it had opened before.
 */
export const CACHE_LEASE_MS = 1000;

/** Within so long of `announcePurge` no process gives out any more what it had opened before: its last answer has left. */
export const PURGED_AFTER_MS = 2 * CACHE_LEASE_MS;

const marks = new WeakMap<RedisClient, Map<string, PurgeMark>>();

/** How often chunks were erased, as a process knows it. Costs one small read a second, while it is asked. */
export class PurgeMark {
  /** The one of a connection: all that read over it ask together. */
  static of(redis: RedisClient, keys: Pick<Keys, 'erased'>): PurgeMark {
    let ofRedis = marks.get(redis);
    if (ofRedis === undefined) marks.set(redis, (ofRedis = new Map()));
    let mark = ofRedis.get(keys.erased);
    if (mark === undefined) ofRedis.set(keys.erased, (mark = new PurgeMark(redis, keys)));
    return mark;
  }

  readonly #redis: RedisClient;
  readonly #key: string;
  #known = '';
  #askedAt = -Infinity;

  private constructor(redis: RedisClient, keys: Pick<Keys, 'erased'>) {
    this.#redis = redis;
    this.#key = keys.erased;
  }

  /**
   * A word that was true a second ago or later. What was opened under another one may hold what was erased.
   * @throws whatever Redis answers
   */
  async current(): Promise<string> {
    const now = performance.now();
    if (now - this.#askedAt < CACHE_LEASE_MS) return this.#known;
    const purges = (await this.#redis.hget(this.#key, 'purges')) ?? '';
    // Two that ask may overtake each other: then the next one asks again.
    if (now > this.#askedAt) {
      this.#known = purges;
      this.#askedAt = now;
    }
    return purges;
  }
}
