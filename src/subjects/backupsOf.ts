import { addHours } from '../backup/addHours.js';
import { openFolder } from '../backup/openFolder.js';
import type { Config } from '../config/parseConfig.js';
import type { SubjectContext } from './SubjectContext.js';

/** The backups that the configuration names, over a connection that the caller closes; undefined where it names none. */
export function backupsOf(config: Pick<Config, 'ANALYTICS_BACKUP_DIR' | 'ANALYTICS_BACKUP_KEYS_DIR'>, { redis, keys, keyRing, secrets }: Pick<SubjectContext, 'redis' | 'keys' | 'keyRing' | 'secrets'>): SubjectContext['backups'] {
  const folder = openFolder(config);
  return folder === undefined ? undefined : { addHours: async (hours) => addHours({ redis, keys, keyRing, secrets, folder, now: Date.now }, hours) };
}
