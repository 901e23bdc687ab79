import type { BackupHour } from '../backup/addHours.js';
import type { StoredEvent } from '../codec/columns/StoredEvent.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ReadingKeys } from '../security/KeyRing.js';

/** What every part of one erasure works with. */
export interface ErasureRun {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly secrets: ReadingKeys;
  /** Who is erased. */
  readonly userId: string;
  /** What becomes of an event of theirs in the store; undefined: it is removed. */
  readonly rewrite: (type: string, event: StoredEvent) => StoredEvent | undefined;
  /** A backup, which has to be told of what took the place of chunks before the data keys of these are destroyed. */
  readonly backup?:
    | {
        /** Called before chunks of an hour of an event type, or of a metric by its name in keys, are replaced. */
        readonly touching: (kind: BackupHour['kind'], name: string, hour: number) => Promise<void>;
        /** Called before the replaced chunks of a type, or of all metrics, are removed. */
        readonly removing: (kind: BackupHour['kind'], name?: string) => Promise<void>;
      }
    | undefined;
  /** Called between two steps: throws when the run has to end, and go on later. */
  readonly throwIfAborted: () => void;
}
