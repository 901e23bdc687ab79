import { knownKeyFolders } from '../backup/keyFolders.js';
import { BackupError } from '../errors/BackupError.js';
import type { SubjectContext } from './SubjectContext.js';

/**
 * What became of backups: there are `none` that the store knows of; all were `updated`; or some were `left` as they are, by
 * word of whoever asked.
 */
export const backupOutcomes = ['none', 'updated', 'left'] as const;
export type BackupOutcome = (typeof backupOutcomes)[number];

/**
 * Whether this process reaches every backup that there is of the store. One that is left holds the data keys of what is erased,
 * so that the person can be read there, and loses those of everybody else's events in the same chunks with its next run.
 * @throws BackupError `BACKUP_REFUSED`, unless they are to be left
 */
export async function checkBackups({ redis, keys, backups }: Pick<SubjectContext, 'redis' | 'keys' | 'backups'>, areLeft: boolean): Promise<BackupOutcome> {
  const known = await knownKeyFolders(redis, keys);
  if (known.length === 0) return 'none';
  const own = await backups?.keysId();
  const beyond = known.filter((id) => id !== own).length;
  if (beyond === 0) return 'updated';
  if (areLeft) return 'left';
  const what = own === undefined ? 'This process knows no folder of backups, and there is one' : `There are ${beyond} folders of backups beside the one that ANALYTICS_BACKUP_DIR names`;
  throw new BackupError(
    'BACKUP_REFUSED',
    `${what}, where the data keys of what is erased would stay. Set ANALYTICS_BACKUP_DIR and ANALYTICS_BACKUP_KEYS_DIR to the folders that "npm run backup" writes, in the process that erases. ` +
      'Where a backup is gone for good, or is to stay as it is, say so with leaveBackups: true (--leave-backups); the receipt then has it. For one that is lost, "npm run backup -- forget" says so once for all. See docs/backup.md.',
  );
}
