import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReadingKeys } from '../security/KeyRing.js';

/** What every part of one merge works with. */
export interface MergeRun {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: ReadingKeys;
  /** ms since the epoch. */
  readonly now: () => number;
  /** How long replaced chunks stay readable for queries that read the index before, ms. */
  readonly graceMs: number;
  /** The oldest time of a sample that is kept, ms: rollups of hours that begin before it are left as they are. */
  readonly oldestSample: number;
  /** Whether time is up, or the process ends: then nothing more is taken up, and the next merge goes on. */
  readonly isLate: () => boolean;
}
