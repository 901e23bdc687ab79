import type { Cluster, Redis } from 'ioredis';

/** A connection to one Redis (the master, where sentinels watch over several), or to a cluster. */
export type RedisClient = Redis | Cluster;

export function isCluster(redis: RedisClient): redis is Cluster {
  return redis.isCluster;
}

/** Tells when a connection to Redis was lost: of a cluster, one to any of its nodes. */
export function onLoss(redis: RedisClient, listener: () => void): void {
  redis.on(lossEvent(redis), listener);
}

export function offLoss(redis: RedisClient, listener: () => void): void {
  redis.off(lossEvent(redis), listener);
}

function lossEvent(redis: RedisClient): string {
  return isCluster(redis) ? '-node' : 'close';
}
