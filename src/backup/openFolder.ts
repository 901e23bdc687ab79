import type { Config } from '../config/parseConfig.js';
import { BackupFolder } from './files/BackupFolder.js';

interface FolderOptions {
  readonly folder?: string | undefined;
  readonly keysFolder?: string | undefined;
}

/** The folders that are configured; undefined where none is. @throws BackupError where keys would lie inside of the backup */
export function openFolder(config: Pick<Config, 'ANALYTICS_BACKUP_DIR' | 'ANALYTICS_BACKUP_KEYS_DIR'>, { folder = config.ANALYTICS_BACKUP_DIR, keysFolder = config.ANALYTICS_BACKUP_KEYS_DIR }: FolderOptions = {}): BackupFolder | undefined {
  return folder === undefined ? undefined : new BackupFolder(folder, keysFolder ?? `${folder.replace(/\/+$/, '')}-keys`);
}
