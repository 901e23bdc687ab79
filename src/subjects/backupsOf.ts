import { createBackups, openFolder, type Backups } from '../backup/openBackups.js';
import type { Config } from '../config/parseConfig.js';
import type { SubjectContext } from './SubjectContext.js';

/** The backups that the configuration names, over a connection that the caller closes; undefined where it names none. */
export function backupsOf(config: Pick<Config, 'ANALYTICS_BACKUP_DIR' | 'ANALYTICS_BACKUP_KEYS_DIR'>, { redis, keys, keyRing, secrets }: Pick<SubjectContext, 'redis' | 'keys' | 'keyRing' | 'secrets'>): Backups | undefined {
  const folder = openFolder(config);
  return folder === undefined ? undefined : createBackups({ redis, keys, keyRing, secrets, folder, now: Date.now });
}
