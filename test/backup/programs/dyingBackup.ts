import { z } from 'zod';

import { restoreBackup } from '../../../src/backup/restoreBackup.js';
import { takeBackup } from '../../../src/backup/takeBackup.js';
import { BackupFolder } from '../../../src/backup/files/BackupFolder.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys } from '../../../src/redis/keys.js';
import { keyRingFromMaster } from '../../../src/security/KeyRing.js';
import { onCall } from '../onCall.js';

/** Takes a backup or puts one back, and is killed as by kill -9 when it makes its n-th call to Redis. */
const orderSchema = z.object({
  what: z.enum(['full', 'incremental', 'restore']),
  url: z.string(),
  prefix: z.string(),
  master: z.string(),
  folder: z.string(),
  keysFolder: z.string(),
  dieAt: z.number(),
});
const { what, url, prefix, master, folder, keysFolder, dieAt } = orderSchema.parse(JSON.parse(process.env['ORDER'] ?? ''));

const keyRing = await keyRingFromMaster(Buffer.from(master, 'base64'));
const redis = connect(url, 'failFast', 'backup that dies', () => undefined);
await redis.ping();
const dying = onCall(redis, (calls) => {
  if (calls === dieAt) process.kill(process.pid, 'SIGKILL');
});
const context = { redis: dying, keys: createKeys(prefix), keyRing, secrets: keyRing.reading!, folder: new BackupFolder(folder, keysFolder), now: Date.now }; // made from a master key
await (what === 'restore' ? restoreBackup(context) : takeBackup(context, what));
redis.disconnect();
