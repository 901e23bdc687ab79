import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { BackupContext } from './BackupContext.js';

/**
 * Says in Redis that data keys of a backup lie in this folder, before they do: an erasure by a process that does not have the
 * folder would leave there what opens the person's chunks in every copy of the backup. Safe to repeat.
 */
export async function announceKeyFolder({ redis, keys, folder, now }: Pick<BackupContext, 'redis' | 'keys' | 'folder' | 'now'>): Promise<void> {
  await redis.hset(keys.backups, await folder.keysId(), now());
}

/** The ids of the folders that data keys of backups of this store lie in. */
export async function knownKeyFolders(redis: RedisClient, keys: Pick<Keys, 'backups'>): Promise<string[]> {
  return redis.hkeys(keys.backups);
}
