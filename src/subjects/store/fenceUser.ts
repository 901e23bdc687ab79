import { Erasures } from '../../storage/Erasures.js';
import type { ErasureRun } from '../ErasureRun.js';

/** Event type → the offset of the last event that may have been stored before the erasure. */
export type Fences = ReadonlyMap<string, number>;

/**
 * Sees to it that nothing of a user is stored any more that was tracked up to now.
 * @returns for each type where the store stood: what is behind was tracked later
 */
export async function fenceUser({ redis, keys, secrets, userId }: Pick<ErasureRun, 'redis' | 'keys' | 'secrets' | 'userId'>, now: number): Promise<{ readonly at: number; readonly fences: Fences }> {
  const erasures = new Erasures(redis, keys, secrets.fingerprints);
  const { generation, at } = await erasures.add(userId, now);
  // Listed after that: whoever lists a type later asks for erasures afterwards.
  const types = await redis.hkeys(keys.eventCatalogue);
  for (const keyName of await redis.hkeys(keys.metricCatalogue)) await erasures.fenceMetric(keyName, generation);
  const fences = await Promise.all(types.map(async (type) => [type, await erasures.fence(type, generation)] as const));
  return { at, fences: new Map(fences) };
}
