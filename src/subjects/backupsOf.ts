import { addHours } from '../backup/addHours.js';
import { keepErasures } from '../backup/KeptErasures.js';
import { openFolder } from '../backup/openFolder.js';
import type { Config } from '../config/parseConfig.js';
import type { SubjectContext } from './SubjectContext.js';

/** The backups that the configuration names, over a connection that the caller closes; undefined where it names none. */
export function backupsOf(config: Pick<Config, 'ANALYTICS_BACKUP_DIR' | 'ANALYTICS_BACKUP_KEYS_DIR'>, { redis, keys, keyRing, secrets }: Pick<SubjectContext, 'redis' | 'keys' | 'keyRing' | 'secrets'>): SubjectContext['backups'] {
  const folder = openFolder(config);
  if (folder === undefined) return undefined;
  const context = { redis, keys, keyRing, secrets, folder, now: Date.now };
  return { keysId: async () => folder.keysId(), addHours: async (parts) => addHours(context, parts), keepErasures: async () => keepErasures(context) };
}
