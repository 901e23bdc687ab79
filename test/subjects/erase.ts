import { eraseEvents, type StoreErasure } from '../../src/subjects/store/eraseEvents.js';
import { fenceUser } from '../../src/subjects/store/fenceUser.js';
import type { EventFixture } from '../queries/eventFixture.js';

/** Erases a user from a store without queues. */
export async function erase({ redis, keys, keyRing }: Pick<EventFixture, 'redis' | 'keys' | 'keyRing'>, userId: string, now = Date.now()): Promise<StoreErasure & { readonly at: number }> {
  const run = { redis, keys, secrets: keyRing.reading!, userId, rewrite: () => undefined, throwIfAborted: () => undefined };
  const { at, fences } = await fenceUser(run, now);
  const total = { events: 0, chunksIn: 0, chunksOut: 0, removed: 0, unreadable: 0 };
  for (const [type, upTo] of fences) {
    const done = await eraseEvents(run, type, upTo);
    for (const name of Object.keys(total) as (keyof StoreErasure)[]) total[name] += done[name];
  }
  return { ...total, at };
}
