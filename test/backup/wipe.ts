import type { Redis } from 'ioredis';

/** Loses everything under a prefix. */
export async function wipe(redis: Redis, prefix: string): Promise<void> {
  const found = await redis.keys(`${prefix}*`);
  if (found.length > 0) await redis.del(...found);
}
