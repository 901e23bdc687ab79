import { pipelineOf } from '../../redis/pipelineOf.js';
import { isCluster, type RedisClient } from '../../redis/RedisClient.js';

/** Has each node that takes writes begin to write its append-only file anew. Where one does so already, it will again. */
export async function rewriteAppendOnlyFile(redis: RedisClient): Promise<void> {
  const nodes = isCluster(redis) ? redis.nodes('master') : [redis];
  for (const node of nodes) {
    const [[error] = [null]] = (await pipelineOf(node).bgrewriteaof().exec()) ?? [];
    // "in progress", "scheduled": another one is under way, and Redis does this one after it or has it in that one.
    if (error && !/in progress|schedul/i.test(error.message)) throw error;
  }
}
