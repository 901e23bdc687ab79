import type { Redis } from 'ioredis';

import { isCluster, type RedisClient } from './RedisClient.js';

/** Lets the commands that `send` issues leave in one write instead of one each; 5 µs of CPU apiece otherwise. */
export function inOneWrite<Result>(redis: RedisClient, send: () => Result): Result {
  // There is none before the first connection, and a cluster has many.
  const stream = isCluster(redis) ? undefined : (redis.stream as Redis['stream'] | undefined);
  stream?.cork();
  try {
    return send();
  } finally {
    stream?.uncork();
  }
}
