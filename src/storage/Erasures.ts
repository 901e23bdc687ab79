import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { Keys, SeriesKeys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { script } from '../redis/Script.js';
import type { Fingerprints } from '../security/Fingerprints.js';

/** Which erasures somebody knows of. */
export interface ErasureMark {
  /** How many there were. */
  readonly generation: number;
  /** When the latest of them was, ms: what was tracked later is nobody's who was erased. 0 when there was none. */
  readonly latest: number;
}

/** Users looked up by one command. */
const AT_ONCE = 500;

/**
 * Who was erased, and when: by a keyed hash of each. It outlives everything that could bring their events back: a batch in
 * a spool, a dead letter, a call that is repeated.
 *
 * A writer knows one number of it, the generation, and whether a batch is older than the latest erasure. Only then does it
 * ask who of the batch's users was erased. The script that stores refuses when the type's generation is a later one.
 */
export class Erasures {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #fingerprints: Fingerprints;
  #known: ErasureMark | undefined;

  constructor(redis: RedisClient, keys: Keys, fingerprints: Fingerprints) {
    this.#redis = redis;
    this.#keys = keys;
    this.#fingerprints = fingerprints;
  }

  /** What is known, from memory but for the first time. */
  async known(): Promise<ErasureMark> {
    return this.#known ?? this.refresh();
  }

  /** What is known, read anew. */
  async refresh(): Promise<ErasureMark> {
    const [generation, latest] = await this.#redis.hmget(this.#keys.erased, 'generation', 'latest');
    const mark = { generation: Number(generation ?? 0), latest: Number(latest ?? 0) };
    // Two readings may overtake each other.
    if (this.#known === undefined || mark.generation > this.#known.generation) {
      if (this.#known !== undefined) this.#fingerprints.forget();
      this.#known = mark;
    }
    return mark;
  }

  /** When each of these users was last erased, ms; those who never were are not in it. */
  async timesOf(users: readonly string[]): Promise<Map<string, number>> {
    const times = new Map<string, number>();
    for (let from = 0; from < users.length; from += AT_ONCE) {
      const some = users.slice(from, from + AT_ONCE);
      const found = await this.#redis.hmget(this.#keys.erased, ...some.map((user) => this.#fingerprints.subject(user)));
      for (const [place, time] of found.entries()) if (time !== null) times.set(some[place]!, Number(time));
    }
    return times;
  }

  /**
   * Writes down that a user is erased now: what was tracked up to that moment is not stored any more, by nobody who reads
   * this. Safe to repeat: the later time counts.
   * @param now ms
   */
  async add(userId: string, now: number): Promise<{ readonly generation: number; readonly at: number }> {
    const reply = (await script('markErased').run(this.#redis, { keys: [this.#keys.erased], args: [this.#fingerprints.subject(userId), now] })) as unknown[]; // what the script answers
    if (String(reply[0]) !== 'marked') throw wrongType();
    return { generation: Number(reply[1]), at: Number(reply[2]) };
  }

  /**
   * From here on the type's script stores for nobody who does not know of this generation.
   * @returns the offset up to which events may have been stored by somebody who did not
   */
  async fence(type: string, generation: number): Promise<number> {
    return this.#fence(this.#keys.event(type), generation);
  }

  /** The same of a metric, by its name in keys. Samples have no offsets. */
  async fenceMetric(keyName: string, generation: number): Promise<void> {
    await this.#fence(this.#keys.metric(keyName), generation);
  }

  async #fence({ counts }: SeriesKeys, generation: number): Promise<number> {
    const reply = (await script('fenceErased').run(this.#redis, { keys: [counts], args: [generation] })) as unknown[]; // what the script answers
    if (String(reply[0]) !== 'fenced') throw wrongType();
    return Number(reply[1]);
  }

  /** Tells every reader that chunks were replaced, so that it forgets what it holds of them. */
  async announcePurge(): Promise<void> {
    await this.#redis.hincrby(this.#keys.erased, 'purges', 1);
  }
}

function wrongType(): AnalyticsError {
  return new AnalyticsError('STORE_INCONSISTENT', 'A key that an erasure needs holds a value of another type. Does another program use this REDIS_PREFIX?');
}
