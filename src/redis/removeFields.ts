import { pipelineOf } from './pipelineOf.js';
import type { RedisClient } from './RedisClient.js';

/** Fields of one command. */
const AT_ONCE = 500;

/** Removes fields of a hash in one round trip. @returns how many there were */
export async function removeFields(redis: RedisClient, key: string, fields: readonly Buffer[]): Promise<number> {
  if (fields.length === 0) return 0;
  const pipeline = pipelineOf(redis);
  for (let from = 0; from < fields.length; from += AT_ONCE) pipeline.hdel(key, ...fields.slice(from, from + AT_ONCE));
  let removed = 0;
  for (const [error, reply] of (await pipeline.exec()) ?? []) {
    if (error) throw error;
    removed += Number(reply);
  }
  return removed;
}
