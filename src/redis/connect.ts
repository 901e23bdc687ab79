import { readFileSync } from 'node:fs';

import { Cluster, Redis, type RedisOptions } from 'ioredis';

import { isRedisTls, type RedisConfig } from '../config/redisPlace.js';
import { ConfigurationError } from '../errors/ConfigurationError.js';
import { endPromptly } from './endPromptly.js';
import type { RedisClient } from './RedisClient.js';
import { tlsOptions } from './tlsOptions.js';

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

/** Between two connections that are made anew for READONLY. */
const READONLY_AGAIN_MS = 2000;

/**
 * What to do about READONLY, as after a failover: connect anew and send the command again. At most once in 2 s: in between
 * the command fails and the connection stays, since others read over it. Writes that are repeated would otherwise cut it off
 * again and again, and a read found no second to be answered in.
 */
function createReadonlyAnswer(): (error: Error) => false | 2 {
  let renewedAt = -Infinity;
  return (error) => {
    if (!error.message.startsWith('READONLY') || performance.now() - renewedAt < READONLY_AGAIN_MS) return false;
    renewedAt = performance.now();
    return 2;
  };
}

/** ioredis options for one manner. BullMQ's blocking connections get `patient`: they refuse a command time-out. */
export function connectionOptions(manner: ConnectionManner, name: string): ConnectionOptions {
  const common: ConnectionOptions = {
    // ioredis 6 speaks RESP3 by default; WITHSCORES took 28 % longer with it, and BullMQ is developed against RESP2.
    protocol: 2,
    connectionName: name,
    connectTimeout: 2000,
    // A server that hangs does not close its side; ioredis waits 2 s for that by default, and the process with it.
    disconnectTimeout: 200,
    keepAlive: 10_000,
    retryStrategy: reconnectDelay,
    reconnectOnError: createReadonlyAnswer(),
  };
  if (manner === 'patient') return { ...common, maxRetriesPerRequest: null };
  return { ...common, maxRetriesPerRequest: 1, commandTimeout: 2000, autoResendUnfulfilledCommands: false };
}

/** What a cluster that is changing answers, and a node that is gone, is tried again this often, every 100 ms. */
const TRIES_IN_CLUSTER: Readonly<Record<ConnectionManner, number>> = { failFast: 20, patient: 100 };

/**
 * Opens a connection to what the configuration names: one Redis, the master that sentinels name, or a cluster. Who opens
 * it closes it.
 *
 * @param onError called with each connection error; ioredis would otherwise print it. It reconnects by itself.
 * @throws ConfigurationError when a file that it names cannot be read
 */
export function connect(url: string, manner: ConnectionManner, name: string, onError: (error: Error) => void): Redis;
export function connect(config: RedisConfig | string, manner: ConnectionManner, name: string, onError: (error: Error) => void): RedisClient;
export function connect(config: RedisConfig | string, manner: ConnectionManner, name: string, onError: (error: Error) => void): RedisClient {
  const redis = endPromptly(open(typeof config === 'string' ? { REDIS_URL: config } : config, manner, connectionOptions(manner, name)));
  redis.on('error', onError);
  return redis;
}

function open(config: RedisConfig, manner: ConnectionManner, common: ConnectionOptions): RedisClient {
  if (config.REDIS_CLUSTER === undefined) return openServer(config, common);
  // Here each node has a connection that ends when it is lost; the cluster makes them anew.
  const { retryStrategy: clusterRetryStrategy, ...redisOptions } = { ...common, ...signInOptions(config) };
  return new Cluster([...config.REDIS_CLUSTER], {
    redisOptions,
    clusterRetryStrategy: clusterRetryStrategy ?? null,
    maxRedirections: TRIES_IN_CLUSTER[manner],
    slotsRefreshTimeout: 2000,
    // A certificate names the host, not its address.
    ...(isRedisTls(config) && { dnsLookup: (host, answer) => answer(null, host) }),
  });
}

/** A connection to the one server that the configuration names, or to the master that sentinels name. */
export function openServer(config: RedisConfig, options: ConnectionOptions): Redis {
  const { tls, ...signIn } = signInOptions(config);
  // What signs in by the URL wins.
  if (config.REDIS_SENTINELS === undefined) return new Redis(config.REDIS_URL, { ...options, ...signIn, ...(tls !== undefined && { tls }) });
  const sentinelPassword = passwordOf(config, 'REDIS_SENTINEL_PASSWORD');
  return new Redis({
    ...signIn,
    sentinels: config.REDIS_SENTINELS.map((sentinel) => ({ ...sentinel })),
    name: config.REDIS_SENTINEL_NAME ?? 'mymaster',
    ...(config.REDIS_SENTINEL_USERNAME !== undefined && { sentinelUsername: config.REDIS_SENTINEL_USERNAME }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls !== undefined && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelRetryStrategy: reconnectDelay,
    // A master that hangs keeps its connections: sentinels say when another takes its place.
    failoverDetector: true,
    sentinelReconnectStrategy: reconnectDelay,
    ...options,
  });
}

/** How to sign in, and TLS. */
export function signInOptions(config: RedisConfig): Pick<ConnectionOptions, 'username' | 'password' | 'tls'> {
  const tls = tlsOptions(config);
  const password = passwordOf(config, 'REDIS_PASSWORD');
  return {
    ...(config.REDIS_USERNAME !== undefined && { username: config.REDIS_USERNAME }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
  };
}

function passwordOf(config: RedisConfig, variable: 'REDIS_PASSWORD' | 'REDIS_SENTINEL_PASSWORD'): string | undefined {
  const { [variable]: given, [`${variable}_FILE` as const]: file } = config;
  if (given !== undefined || file === undefined) return given;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new ConfigurationError([`${variable}_FILE: ${file} cannot be read.`]);
  }
}
