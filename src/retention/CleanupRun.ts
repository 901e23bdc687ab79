import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyStore } from '../security/keystore/KeyStore.js';

/** What every part of one clean-up works with. */
export interface CleanupRun {
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Where the data keys of what is removed are. */
  readonly dataKeys: KeyStore;
  /** When the clean-up began, ms since the epoch: all limits follow from it. */
  readonly now: number;
  /** Called between steps, so that an ending process does not wait for the rest. The next clean-up goes on. */
  throwIfAborted(): void;
}
