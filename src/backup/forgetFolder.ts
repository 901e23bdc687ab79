import { BackupError } from '../errors/BackupError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';

export interface ForgetFolderContext {
  readonly redis: RedisClient;
  readonly keys: Pick<Keys, 'backups'>;
  /** The id of the folder that this process reaches; undefined where it reaches none. */
  readonly own: string | undefined;
}

/** A folder that data keys of backups of this store lie in. */
export interface KnownFolder {
  /** What stands in its file `id`. */
  readonly id: string;
  /** When a run was last put in place there, ms since 1970. */
  readonly lastRunAt: number;
  /** Whether this process has it. */
  readonly isReached: boolean;
}

/** The folders that an erasure has to reach, latest run first. */
export async function listFolders({ redis, keys, own }: ForgetFolderContext): Promise<KnownFolder[]> {
  const known = Object.entries(await redis.hgetall(keys.backups));
  return known.map(([id, at]) => ({ id, lastRunAt: Number(at), isReached: id === own })).toSorted((a, b) => b.lastRunAt - a.lastRunAt);
}

/**
 * Takes a folder that is lost out of those that an erasure has to reach. Nothing in the folder changes: should it still be
 * somewhere, who is erased from now on can be read there. A run that is taken there later makes it known again.
 * @throws BackupError `BACKUP_REFUSED` for one that is not known, or that this process reaches
 */
export async function forgetFolder({ redis, keys, own }: ForgetFolderContext, id: string): Promise<void> {
  if (id === own) throw new BackupError('BACKUP_REFUSED', 'This process has that folder (ANALYTICS_BACKUP_DIR): erasures reach it, and there is nothing to forget.');
  if ((await redis.hdel(keys.backups, id)) === 0) throw new BackupError('BACKUP_REFUSED', 'No folder of backups has this id. "npm run backup -- folders" lists those that are known; the id stands in the file "id" beside the data keys.');
}
