import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Redis } from 'ioredis';

import type { BackupContext } from '../../src/backup/BackupContext.js';
import { BackupFolder } from '../../src/backup/files/BackupFolder.js';
import type { Keys } from '../../src/redis/keys.js';
import type { KeyRing } from '../../src/security/KeyRing.js';
import { witness } from '../support/witness/witness.js';

/** A folder for a backup, and one for its data keys, that are removed with it. */
export function createBackupFolders() {
  const dir = mkdtempSync(path.join(tmpdir(), 'analytics-backup-'));
  const folder = new BackupFolder(path.join(dir, 'backup'), path.join(dir, 'keys'));
  return {
    dir,
    folder,
    context: ({ redis, keys, keyRing }: { redis: Redis; keys: Keys; keyRing: KeyRing }): BackupContext => ({ redis, keys, keyRing, secrets: keyRing.reading!, folder, now: Date.now }), // made from a master key
    remove: () => witness.removeFolder(dir),
  };
}
