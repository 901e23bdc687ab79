import { fenceUser, eraseStore } from '../../src/subjects/store/eraseStore.js';
import type { StoreErasure } from '../../src/subjects/store/eraseEvents.js';
import type { EventFixture } from '../queries/eventFixture.js';

/** Erases a user from a store without queues. */
export async function erase({ redis, keys, keyRing }: Pick<EventFixture, 'redis' | 'keys' | 'keyRing'>, userId: string, now = Date.now()): Promise<StoreErasure & { readonly at: number }> {
  const run = { redis, keys, secrets: keyRing.reading!, userId, rewrite: () => undefined, throwIfAborted: () => undefined };
  const { at, fences } = await fenceUser(run, now);
  return { ...(await eraseStore(run, fences)), at };
}
