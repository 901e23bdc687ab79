import { randomUUID } from 'node:crypto';

import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

/** A process that is killed is followed by another after so long. */
const LEASE_MS = 30_000;
const RENEW_MS = 5_000;

/** That this process carries out an erasure. Two at once would do no harm, but the work twice. */
export class ErasureLease {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #token: string;
  readonly #renewing: NodeJS.Timeout;

  private constructor(redis: RedisClient, key: string, token: string) {
    this.#redis = redis;
    this.#key = key;
    this.#token = token;
    this.#renewing = setInterval(() => void redis.pexpire(key, LEASE_MS).catch(() => undefined), RENEW_MS).unref();
  }

  /** @returns undefined when another process has it */
  static async take(redis: RedisClient, keys: Keys, id: string): Promise<ErasureLease | undefined> {
    const token = randomUUID();
    const key = keys.erasureLease(id);
    return (await redis.set(key, token, 'PX', LEASE_MS, 'NX')) === 'OK' ? new ErasureLease(redis, key, token) : undefined;
  }

  async end(): Promise<void> {
    clearInterval(this.#renewing);
    // It expires by itself where this fails.
    if ((await this.#redis.get(this.#key)) === this.#token) await this.#redis.del(this.#key);
  }
}
