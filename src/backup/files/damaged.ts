import { BackupError } from '../../errors/BackupError.js';

/** @param what is wrong, without a name of a file or a value */
export function damaged(what: string, options?: ErrorOptions): BackupError {
  return new BackupError('BACKUP_DAMAGED', `The backup is damaged: ${what}. Take another copy of it, or a new full backup while the store is there.`, options);
}
