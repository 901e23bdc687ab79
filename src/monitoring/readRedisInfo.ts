import type { Redis } from 'ioredis';

export interface RedisInfo {
  readonly latencyMs: number;
  readonly version: string;
  readonly usedMemory: number;
  /** 0: no limit. */
  readonly maxMemory: number;
  /** It is full, a replica, or cannot write its append-only file. */
  readonly refusesWrites: boolean;
}

/** What Redis says of itself, with the time that one PING took. */
export async function readRedisInfo(redis: Redis): Promise<RedisInfo> {
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
