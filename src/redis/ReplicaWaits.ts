import type { Redis } from 'ioredis';

import type { Config } from '../config/parseConfig.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { keySlot } from './keySlot.js';
import { isCluster, type RedisClient } from './RedisClient.js';

/** What was written may be with the master only. Writing it again, and waiting again, is safe. */
export class NotReplicatedError extends AnalyticsError {
  constructor() {
    super('REDIS_UNAVAILABLE', 'No replica of Redis had what was written in time; it is tried again.');
  }
}

export interface ReplicaWaitsOptions {
  /** How long one WAIT may take, ms: it holds up what comes behind it on the connection. Default: 500. */
  readonly waitMs?: number;
}

const WAIT_MS = 500;
const FENCE_TTL_MS = 60_000;
/** Times that a write is made anew because its connection was lost or its slot moved under it. */
const TRIES = 3;

/** A connection to one server, while it lasts. */
interface Link {
  readonly node: Redis;
  readonly stream: unknown;
}

/**
 * Makes writes, and waits until a replica has them too. WAIT speaks for its own connection, and of writes made over it. So
 * each wait follows a small write, the *fence*: whoever has it has what the server wrote before, through any connection.
 * Where the connection changed meanwhile, nothing is known, since another server may have answered: the write is made anew.
 */
export class ReplicaWaits {
  readonly #redis: RedisClient;
  readonly #waitMs: number;
  /** The next WAIT of each server, not sent yet: it serves all who come while the last one is under way. */
  readonly #next = new WeakMap<Redis, Promise<number>>();
  readonly #last = new WeakMap<Redis, Promise<number>>();

  constructor(redis: RedisClient, { waitMs = WAIT_MS }: ReplicaWaitsOptions = {}) {
    this.#redis = redis;
    this.#waitMs = waitMs;
  }

  /**
   * @param fences one key in each slot that `write` writes to
   * @param write has to be safe to repeat
   * @throws NotReplicatedError when no replica had it in time; whatever `write` throws
   */
  async replicated<T>(fences: readonly string[], write: () => Promise<T>): Promise<T> {
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const before = fences.map((fence) => this.#link(fence));
      const result = await write();
      const isSame = (): boolean => fences.every((fence, place) => isOne(before[place], this.#link(fence)));
      if (!isSame()) continue;
      const replicas = await Promise.all(before.map(async (link, place) => this.#wait(link!.node, fences[place]!))); // isSame: there is one
      if (!isSame()) continue;
      if (replicas.every((count) => count >= 1)) return result;
      throw new NotReplicatedError();
    }
    throw new NotReplicatedError();
  }

  async #wait(node: Redis, fence: string): Promise<number> {
    const fenced = node.set(fence, '', 'PX', FENCE_TTL_MS);
    let next = this.#next.get(node);
    if (next === undefined) {
      const last = this.#last.get(node)?.catch(() => undefined);
      next = (async () => {
        await last;
        this.#next.delete(node);
        const wait = node.wait(1, this.#waitMs);
        this.#last.set(node, wait);
        return wait;
      })();
      this.#next.set(node, next);
    }
    const [, replicas] = await Promise.all([fenced, next]);
    return replicas;
  }

  #link(key: string): Link | undefined {
    const redis = this.#redis;
    if (!isCluster(redis)) return { node: redis, stream: redis.stream };
    const master = redis.slots[keySlot(key)]?.[0];
    const node = redis.nodes('master').find(({ options }) => `${options.host}:${options.port}` === master);
    return node === undefined ? undefined : { node, stream: node.stream };
  }
}

function isOne(before: Link | undefined, after: Link | undefined): boolean {
  // Before the first connection there is no stream.
  return before !== undefined && after !== undefined && before.stream !== undefined && before.node === after.node && before.stream === after.stream;
}

/** Those that `durability: 'replicated'` asks for; undefined without. */
export function replicaWaitsOf(config: Pick<Config, 'ANALYTICS_DURABILITY'>, redis: RedisClient): ReplicaWaits | undefined {
  return config.ANALYTICS_DURABILITY === 'replicated' ? new ReplicaWaits(redis) : undefined;
}
