import type { Redis } from 'ioredis';

/** Lets the commands that `send` issues leave in one write instead of one each; 5 µs of CPU apiece otherwise. */
export function inOneWrite<Result>(redis: Redis, send: () => Result): Result {
  // There is none before the first connection, and none for a cluster.
  const stream = redis.stream as Redis['stream'] | undefined;
  stream?.cork();
  try {
    return send();
  } finally {
    stream?.uncork();
  }
}
