import { Redis, type RedisOptions } from 'ioredis';

/**
 * How a connection behaves while Redis is away.
 * - `failFast`: for producers, queries and health checks. A command fails at once instead of waiting in memory.
 * - `patient`: for workers and the broadcaster. It waits for ever, since it has nothing better to do.
 */
export type ConnectionManner = 'failFast' | 'patient';

/** `replyMapping` goes with RESP3 only, which is not spoken here. */
export type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>;

const RECONNECT_MOST_MS = 2000;

/** Retry delay in ms with jitter, so that a fleet does not come back in one blow. */
export function reconnectDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 6), RECONNECT_MOST_MS) * (0.75 + Math.random() / 2);
}

const READONLY_AGAIN_MS = 2000;

/**
 * What to do about READONLY, as after a failover: connect anew and send the command again, once. Where Redis is still
 * read-only then, the command fails: ioredis would otherwise send it again for ever, 20 times a second, and nobody would be told.
 */
function createReadonlyAnswer(): (error: Error) => false | 1 | 2 {
  let answeredAt = -Infinity;
  return (error) => {
    if (!error.message.startsWith('READONLY')) return false;
    const isAgain = performance.now() - answeredAt < READONLY_AGAIN_MS;
    answeredAt = performance.now();
    return isAgain ? 1 : 2;
  };
}

/** ioredis options for one manner. BullMQ's blocking connections get `patient`: they refuse a command time-out. */
export function connectionOptions(manner: ConnectionManner, name: string): ConnectionOptions {
  const common: ConnectionOptions = {
    // ioredis 6 speaks RESP3 by default; WITHSCORES took 28 % longer with it, and BullMQ is developed against RESP2.
    protocol: 2,
    connectionName: name,
    connectTimeout: 2000,
    keepAlive: 10_000,
    retryStrategy: reconnectDelay,
    reconnectOnError: createReadonlyAnswer(),
  };
  if (manner === 'patient') return { ...common, maxRetriesPerRequest: null };
  return { ...common, maxRetriesPerRequest: 1, commandTimeout: 2000, autoResendUnfulfilledCommands: false };
}

/**
 * Opens a connection. Who opens it closes it.
 *
 * @param onError called with each connection error; ioredis would otherwise print it. It reconnects by itself.
 */
export function connect(url: string, manner: ConnectionManner, name: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, connectionOptions(manner, name));
  redis.on('error', onError);
  return redis;
}
