import { randomBytes } from 'node:crypto';

import { KeyError } from '../errors/KeyError.js';
import type { Keys } from '../redis/keys.js';
import type { RedisClient } from '../redis/RedisClient.js';
import { script } from '../redis/Script.js';
import type { KeyRing } from './KeyRing.js';

const SET_SAME =
  'Set ANALYTICS_ENCRYPTION_KEY (or ANALYTICS_ENCRYPTION_KEY_FILE, or ANALYTICS_PUBLIC_KEY) to the same key as the other ' +
  'processes, or REDIS_PREFIX to a prefix of its own.';

/**
 * Compares this process's keys with those that the data in Redis is sealed under; the first process leaves them there.
 * Called at start, so that a process that lacks one finds out then, and not by unreadable data.
 *
 * @throws KeyError `KEY_MISMATCH` saying what to set; nothing was changed
 */
export async function checkKeyIdentity(redis: RedisClient, keys: Keys, keyRing: Pick<KeyRing, 'publicId' | 'reading'>): Promise<void> {
  const { publicId, reading } = keyRing;
  const args = [publicId, ...(await heldBy(reading))];
  const [word, one, other] = ((await script('joinKeys').run(redis, { keys: [keys.keyIdentity], args })) as Buffer[]).map(String); // words of the script
  if (word === 'fits') return;
  throw new KeyError('KEY_MISMATCH', sentenceOf());

  function sentenceOf(): string {
    switch (word) {
      case 'lacks':
        return (
          `Data under ${keys.prefix} may be wrapped by key ${one} (of public key ${other}), which this process does not hold. Add it to ` +
          'ANALYTICS_ENCRYPTION_KEY behind the current one, or wrap that data anew with "npm run keys -- rotate" and then "npm run keys -- retire". See docs/keys.md.'
        );
      case 'lasting':
        return (
          `The indexes under ${keys.prefix} were made with lasting keys ${one}; this process has ${reading?.lastingId}. Keep the oldest key in ANALYTICS_ENCRYPTION_KEY, ` +
          'or add the entry lasting: that "npm run keys -- lasting" gives. See docs/keys.md.'
        );
      case 'elsewhere':
        return `The data keys of what is under ${keys.prefix} are in key store ${one}; this process has ${args[3]}. Set ANALYTICS_KEY_STORE_URL to that of the other processes.`;
      default:
        return `The data under ${keys.prefix} is sealed to public key ${one ?? '?'}; this process has ${publicId}. ${SET_SAME}`;
    }
  }
}

async function heldBy(reading: KeyRing['reading']): Promise<string[]> {
  if (reading === undefined) return [];
  const [current, ...others] = reading.held;
  return [
    reading.lastingId,
    current!.keyEncryptionId, // it comes first
    await reading.dataKeys.identify(),
    randomBytes(8).toString('hex'),
    ...others.flatMap(({ keyEncryptionId, publicId, use }) => [keyEncryptionId, publicId, use]),
  ];
}
