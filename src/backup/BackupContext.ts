import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { KeyRing, ReadingKeys } from '../security/KeyRing.js';
import type { BackupFolder } from './files/BackupFolder.js';

/** What backups are taken and put back with. */
export interface BackupContext {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly keyRing: Pick<KeyRing, 'publicId' | 'reading'>;
  /** Those of the key ring that open. */
  readonly secrets: Pick<ReadingKeys, 'chunks' | 'fields' | 'dataKeys'>;
  readonly folder: BackupFolder;
  readonly now: () => number;
}

/** Told how far a backup or a restore has come. */
export interface BackupProgress {
  /** @param total of what is counted; 0 where it is not known */
  (phase: 'reading' | 'writing' | 'verifying' | 'restoring', done: number, total: number): void;
}

export interface RunOptions {
  readonly onProgress?: BackupProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}
