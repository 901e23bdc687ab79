import type { StoredEvent } from '../codec/columns/StoredEvent.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import type { MergedChunk } from '../storage/swapChunks.js';

/** What every part of one erasure works with. */
export interface ErasureRun {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: ReadingKeys;
  /** Who is erased. */
  readonly userId: string;
  /** What becomes of an event of theirs in the store; undefined: it is removed. */
  readonly rewrite: (type: string, event: StoredEvent) => StoredEvent | undefined;
  /** Told of chunks that took the place of others, before the data keys of these are destroyed. */
  readonly onReplaced?: ((type: string, chunks: readonly MergedChunk[]) => Promise<void>) | undefined;
  /** Called between two steps: throws when the run has to end, and go on later. */
  readonly throwIfAborted: () => void;
}
