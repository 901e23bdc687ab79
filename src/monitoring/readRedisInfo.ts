import type { Redis } from 'ioredis';

import { isCluster, type RedisClient } from '../redis/RedisClient.js';

export interface RedisInfo {
  readonly latencyMs: number;
  readonly version: string;
  readonly usedMemory: number;
  /** 0: no limit. */
  readonly maxMemory: number;
  /** It is full, a replica, or cannot write its append-only file. */
  readonly refusesWrites: boolean;
}

/** What Redis says of itself, with the time that one PING took. Of a cluster: the masters' memory together, the slowest PING. */
export async function readRedisInfo(redis: RedisClient): Promise<RedisInfo> {
  if (isCluster(redis)) return together(await Promise.all(redis.nodes('master').map(readNode)));
  return readNode(redis);
}

function together(nodes: readonly RedisInfo[]): RedisInfo {
  if (nodes.length === 0) throw new Error('No node of the cluster answers.');
  return nodes.reduce((one, other) => ({
    latencyMs: Math.max(one.latencyMs, other.latencyMs),
    version: one.version,
    usedMemory: one.usedMemory + other.usedMemory,
    // Without a limit on one there is none on all.
    maxMemory: one.maxMemory === 0 || other.maxMemory === 0 ? 0 : one.maxMemory + other.maxMemory,
    refusesWrites: one.refusesWrites || other.refusesWrites,
  }));
}

async function readNode(redis: Redis): Promise<RedisInfo> {
  const before = performance.now();
  await redis.ping();
  const latencyMs = performance.now() - before;
  const text = await redis.info(); // one section only could be asked for before Redis 7
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
  const usedMemory = Number(field('used_memory'));
  const maxMemory = Number(field('maxmemory'));
  const isFull = maxMemory > 0 && usedMemory >= maxMemory;
  return {
    latencyMs,
    version: field('valkey_version') || field('redis_version'),
    usedMemory,
    maxMemory,
    refusesWrites: isFull || field('role') === 'slave' || field('aof_last_write_status') === 'err',
  };
}
