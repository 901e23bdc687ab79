import { UserSketch } from '../codec/UserSketch.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

/** Event type → UTC days (days since 1970). */
export type DaysOfTypes = ReadonlyMap<string, readonly number[]>;

/**
 * Sketches in flight: up to 12 kB each. Redis hands out 31 of them in 0.03 ms, where PFCOUNT of as many would hold it for
 * 0.9 ms.
 */
const SKETCHES_AT_ONCE = 256;

/** Counts different users. */
export class UserCountReader {
  readonly #redis: RedisClient;
  readonly #keys: Keys;

  constructor(redis: RedisClient, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /**
   * How many different users there are in each of the groups, by the sketches of its types and days.
   * @throws AnalyticsError `STORE_INCONSISTENT` when a key holds something else
   */
  async count(groups: readonly DaysOfTypes[]): Promise<number[]> {
    const counts: number[] = [];
    for (let from = 0; from < groups.length; ) {
      let to = from;
      for (let sketches = 0; to < groups.length; to += 1) {
        sketches += sketchesOf(groups[to]!);
        if (to > from && sketches > SKETCHES_AT_ONCE) break;
      }
      counts.push(...(await Promise.all(groups.slice(from, to).map((group) => this.#countGroup(group)))));
      from = to;
    }
    return counts;
  }

  async #countGroup(group: DaysOfTypes): Promise<number> {
    const sketch = new UserSketch();
    // The keys of one type share a slot.
    await Promise.all(
      Array.from(group, async ([type, days]) => {
        if (days.length === 0) return;
        const keys = this.#keys.event(type);
        for (const bytes of await this.#redis.mgetBuffer(...days.map((day) => keys.users(day)))) if (bytes !== null) sketch.add(bytes);
      }),
    );
    return sketch.count();
  }
}

function sketchesOf(group: DaysOfTypes): number {
  let sketches = 0;
  for (const days of group.values()) sketches += days.length;
  return sketches;
}
