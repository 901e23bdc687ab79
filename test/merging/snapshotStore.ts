import type { Redis } from 'ioredis';

/** Takes down everything under a prefix. @returns what puts it back as it was */
export async function snapshotStore(redis: Redis, prefix: string): Promise<() => Promise<void>> {
  const dumps = new Map<string, Buffer>();
  for (const key of await redis.keys(`${prefix}*`)) dumps.set(key, (await redis.dumpBuffer(key))!); // it is there
  return async () => {
    const present = await redis.keys(`${prefix}*`);
    if (present.length > 0) await redis.del(...present);
    const pipeline = redis.pipeline();
    for (const [key, dump] of dumps) pipeline.restore(key, 0, dump);
    await pipeline.exec();
  };
}
