import { Erasures } from '../../storage/Erasures.js';
import type { ErasureRun } from '../ErasureRun.js';
import { eraseEvents, type StoreErasure } from './eraseEvents.js';

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
  const fences = await Promise.all(types.map(async (type) => [type, await erasures.fence(type, generation)] as const));
  return { at, fences: new Map(fences) };
}

/** Takes a user's events out of the store, type by type, and tells the readers. */
export async function eraseStore(run: ErasureRun, fences: Fences): Promise<StoreErasure> {
  const total: StoreErasure = { events: 0, chunksIn: 0, chunksOut: 0, removed: 0, unreadable: 0 };
  for (const [type, upTo] of fences) {
    const done = await eraseEvents(run, type, upTo);
    for (const name of Object.keys(total) as (keyof StoreErasure)[]) total[name] += done[name]; // its own names
  }
  await new Erasures(run.redis, run.keys, run.secrets.fingerprints).announcePurge();
  return total;
}
