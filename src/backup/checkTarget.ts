import type { Redis } from 'ioredis';

import { queuePlaces } from '../../queues/names.js';
import { BackupError } from '../errors/BackupError.js';
import { readHeartbeats } from '../monitoring/readHeartbeats.js';
import type { Keys } from '../redis/keys.js';
import { isCluster, type RedisClient } from '../redis/RedisClient.js';
import type { Manifest } from './files/Manifest.js';

const STEP = 1000;

/**
 * Refuses a Redis that a restore would mix something into. A restore that was killed is gone on with.
 * @param replace removes what is stored there. What waits in the queues, and dead letters, stay.
 * @throws BackupError `BACKUP_REFUSED`
 */
export async function checkTarget(redis: RedisClient, keys: Keys, { run, startedAt }: Manifest, replace: boolean): Promise<void> {
  const running = await readHeartbeats(redis, keys);
  if (running.length > 0) {
    throw new BackupError('BACKUP_REFUSED', `${running.length} processes of the service run on this Redis; what they store would be lost. End them, wait a minute, and restore again.`);
  }
  const [known, knownStart] = await redis.hmget(keys.restoring, 'run', 'startedAt');
  if (known === String(run) && knownStart === String(startedAt) && !replace) return;
  let found = 0;
  for await (const page of storeKeys(redis, keys)) {
    found += page.length;
    if (!replace) break;
    await Promise.all(page.map(async (key) => redis.unlink(key)));
  }
  if (found > 0 && !replace) {
    throw new BackupError('BACKUP_REFUSED', `There is data under ${keys.prefix} in this Redis. Restore into an empty one, or give --replace: it removes what is stored there, and leaves the queues.`);
  }
  await redis.hset(keys.restoring, { run, startedAt });
}

/** The keys of what is stored, as a backup holds it, in pages. */
async function* storeKeys(redis: RedisClient, keys: Keys): AsyncGenerator<string[]> {
  const queues = Object.values(queuePlaces(keys)).map(({ prefix }) => `${prefix}:`);
  const starts = ['events:', 'metrics:', 'catalogue:'].map((word) => `${keys.prefix}${word}`);
  const queued = queues.map((start) => (start === `${keys.prefix}events:` ? `${start}queue:` : start));
  const isStored = (key: string): boolean => starts.some((start) => key.startsWith(start)) && !queued.some((start) => key.startsWith(start)) && !key.includes(':fence');
  for (const node of isCluster(redis) ? redis.nodes('master') : [redis as Redis]) {
    let cursor = '0';
    do {
      const [next, found] = await node.scan(cursor, 'MATCH', `${keys.prefix}*`, 'COUNT', STEP);
      const stored = found.filter(isStored);
      if (stored.length > 0) yield stored;
      cursor = next;
    } while (cursor !== '0');
  }
}
