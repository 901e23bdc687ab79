import type { RedisClient } from './RedisClient.js';

/**
 * Makes a connection end when it is told to, also between two attempts to connect, and its duplicates with it.
 *
 * ioredis only closes what is open: what waits for a connection that nobody makes any more was left to its time limit of
 * 2 s, which kept a process alive, and without a time limit to nobody. And BullMQ asks a worker's second connection, which
 * is a duplicate, to QUIT: with Redis away that waits, and the process with it, until Redis is back.
 */
export function endPromptly<Client extends RedisClient>(redis: Client): Client {
  const duplicates = new Set<RedisClient>();
  const duplicate = redis.duplicate.bind(redis) as (...args: unknown[]) => RedisClient; // who calls it knows which it is
  redis.duplicate = ((...args: unknown[]) => {
    const copy = endPromptly(duplicate(...args));
    // One that has ended may be connected again.
    copy.on('connecting', () => duplicates.add(copy));
    copy.on('end', () => duplicates.delete(copy));
    return copy;
  }) as never; // one assignment to what is a Redis or a Cluster

  const disconnect = redis.disconnect.bind(redis);
  redis.disconnect = (reconnect = false) => {
    if (!reconnect) {
      for (const copy of duplicates) copy.disconnect();
      // In this state ioredis ends what waits at once, and what follows is the same.
      for (const one of [redis, ...watchingSentinels(redis)]) if (one.status === 'reconnecting') one.status = 'wait';
    }
    disconnect(reconnect);
  };
  return redis;
}

/** The connections over which sentinels tell of a failover; one whose sentinel is away would keep a process alive for 2 s. */
function watchingSentinels(redis: RedisClient): readonly RedisClient[] {
  // Private in its types.
  const { connector } = redis as unknown as { connector?: { failoverDetector?: { sentinels: readonly { client: RedisClient }[] } | null } };
  return (connector?.failoverDetector?.sentinels ?? []).map(({ client }) => client);
}
