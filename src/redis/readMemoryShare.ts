import type { Cluster, Redis } from 'ioredis';

/** The part of its `maxmemory` that Redis uses; 0 where there is no limit. Of a cluster that of the fullest master. */
export async function readMemoryShare(redis: Redis | Cluster): Promise<number> {
  const nodes = redis.isCluster ? (redis as Cluster).nodes('master') : [redis];
  return Math.max(0, ...(await Promise.all(nodes.map(async (node) => shareOf(await node.info('memory'))))));
}

function shareOf(info: string): number {
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const limit = field('maxmemory');
  return limit === 0 ? 0 : field('used_memory') / limit;
}
