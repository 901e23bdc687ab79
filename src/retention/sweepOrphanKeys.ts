import { pipelineOf } from '../redis/pipelineOf.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { storedSeries, type StoredSeries } from '../storage/storedSeries.js';
import type { CleanupRun } from './CleanupRun.js';

/**
 * Removes data keys from a key store of their own whose chunks are not there: what a process left that was killed between
 * a key and its chunk, or between a chunk that it removed and its key. Does nothing where the data is not that which the keys
 * belong to: after Redis lost it, its backup needs them.
 *
 * @returns how many were removed
 */
export async function sweepOrphanKeys(run: CleanupRun): Promise<number> {
  const { redis, keys, dataKeys } = run;
  const dataId = await redis.hget(keys.keyIdentity, 'data');
  if (dataId === null || !(await dataKeys.belongsTo(dataId))) return 0;
  let removed = 0;
  for (const series of await storedSeries(redis, keys)) {
    let cursor = '0';
    do {
      run.throwIfAborted();
      const page = await dataKeys.scan(redis, series.keys, cursor);
      const absent = await absentOf(redis, series, page.keys.map(([chunkId]) => chunkId));
      removed += await dataKeys.removeOrphans(series.keys, absent);
      ({ cursor } = page);
    } while (cursor !== '0');
  }
  return removed;
}

/** Those that are in none of the hashes that their keys could seal something of. */
async function absentOf(redis: RedisClient, { sealed }: StoredSeries, chunkIds: readonly Buffer[]): Promise<Buffer[]> {
  if (chunkIds.length === 0) return [];
  const pipeline = pipelineOf(redis);
  for (const hash of sealed) for (const chunkId of chunkIds) pipeline.hexists(hash, chunkId);
  const replies = ((await pipeline.exec()) ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
  return chunkIds.filter((_, place) => sealed.every((_hash, hash) => replies[hash * chunkIds.length + place] === 0));
}
