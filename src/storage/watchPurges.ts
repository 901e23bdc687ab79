import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

/** Something that keeps decoded chunks, or what belongs to them. */
export interface ChunkCache {
  readonly isEmpty: boolean;
  /** Forgets all of them. */
  purge(): void;
}

export interface WatchPurgesOptions {
  /** Its end ends the watch. */
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly caches: readonly ChunkCache[];
  /** Default: 1,000. */
  readonly everyMs?: number;
}

const EVERY_MS = 1000;

/**
 * Empties caches within a second of an erasure. No query is led to a chunk that was replaced: this is so that memory does
 * not keep what nobody may read any more. Costs one small read a second, while there is something to forget.
 */
export function watchPurges({ redis, keys, caches, everyMs = EVERY_MS }: WatchPurgesOptions): void {
  let known: string | null | undefined;
  let isAsking = false;
  // Once more after a second: a query may have fetched a chunk in the moment in which it was replaced.
  let again = false;
  const ask = async (): Promise<void> => {
    const purges = await redis.hget(keys.erased, 'purges');
    const isNews = known !== undefined && purges !== known;
    known = purges;
    if (isNews || again) for (const cache of caches) cache.purge();
    again = isNews;
  };
  const look = (): void => {
    if (redis.status === 'end') {
      clearInterval(timer);
      return;
    }
    if (isAsking || (caches.every(({ isEmpty }) => isEmpty) && !again && known !== undefined)) return;
    isAsking = true;
    // Redis is away: it is asked again.
    void ask()
      .catch(() => undefined)
      .finally(() => {
        isAsking = false;
      });
  };
  const timer = setInterval(look, everyMs).unref();
  look();
}
