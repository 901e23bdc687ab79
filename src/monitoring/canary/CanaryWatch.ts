import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { noteCanary } from './noteCanary.js';

/** A broadcaster's side of the canaries: it saw one in the feed. */
export class CanaryWatch {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  #sentAt = 0;

  constructor(redis: RedisClient, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** When the latest one that was seen had been sent, ms by the clock of Redis; 0 before the first. For the heartbeat. */
  get sentAt(): number {
    return this.#sentAt;
  }

  /** @param sentAt the event's time */
  readonly see = (sentAt: number): void => {
    if (sentAt <= this.#sentAt) return;
    this.#sentAt = sentAt;
    // A reading that cannot be written is left out.
    void noteCanary(this.#redis, this.#keys, { kind: 'seen', sentAt }).catch(() => undefined);
  };
}
