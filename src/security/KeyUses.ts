import { KeyError } from '../errors/KeyError.js';
import type { RedisClient } from '../redis/RedisClient.js';

/** Messages that one AES-GCM key may seal under random nonces of 96 bits: NIST SP 800-38D, section 8.3. */
export const MOST_USES = 2 ** 32;
/** Uses that a process takes beforehand, so that counting costs a round trip for each thousand. What it does not use counts as used. */
const BLOCK = 1024;

/** Counts how often a key seals, over all processes, and ends it in time. */
export class KeyUses {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #keyId: string;
  #left = 0;

  /** @param key hash of counts by key id */
  constructor(redis: RedisClient, key: string, keyId: string) {
    this.#redis = redis;
    this.#key = key;
    this.#keyId = keyId;
  }

  /**
   * Resolves when the key may seal `uses` times more.
   * @throws KeyError `KEY_UNAVAILABLE` when it has sealed as often as it may
   */
  async take(uses: number): Promise<void> {
    if (uses > this.#left) {
      const more = uses + BLOCK;
      if ((await this.#redis.hincrby(this.#key, this.#keyId, more)) > MOST_USES) {
        throw new KeyError('KEY_UNAVAILABLE', `Key ${this.#keyId} has sealed ${MOST_USES} fields, which is the most. Put a new key first in ANALYTICS_ENCRYPTION_KEY: see docs/keys.md.`);
      }
      this.#left += more;
    }
    this.#left -= uses;
  }
}
