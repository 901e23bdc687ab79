import { createHash, randomBytes } from 'node:crypto';

import { split } from 'shamir-secret-sharing';

import { deriveKeys } from '../deriveKeys.js';
import type { KeyList } from '../keylist/KeyList.js';
import { formatKeyEntry } from '../keylist/parseKeyList.js';
import { refusal, type KeyShare } from './KeyShare.js';

export interface SplitOptions {
  /** How many shares, 2 to 16. */
  readonly shares: number;
  /** How many of them restore the keys, 2 to `shares`. */
  readonly threshold: number;
}

const MOST_SHARES = 16;
/** Before the keys in what is split: tells whether what was joined is what was split. */
export const DIGEST_BYTES = 16;

/**
 * Shamir's secret sharing over a whole list: the current key, older ones, next ones and the lasting keys, unwrapped, since a
 * key service may be what was lost. Fewer shares than `threshold` tell nothing but how long the list is.
 *
 * @throws ValidationError
 */
export async function splitKeys(list: KeyList, { shares, threshold }: SplitOptions): Promise<KeyShare[]> {
  if (!Number.isInteger(shares) || shares < 2 || shares > MOST_SHARES) throw refusal('shares', 'another number', `a whole number from 2 to ${MOST_SHARES}`);
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > shares) throw refusal('threshold', 'another number', 'a whole number from 2 to the number of shares');
  const text = Buffer.from(textOf(list));
  const secret = Buffer.concat([digestOf(text), text]);
  const { publicId: keyId } = await deriveKeys(list.current);
  const splitId = randomBytes(4).toString('hex');
  // The library takes no Buffer.
  const parts = await split(Uint8Array.from(secret), shares, threshold);
  return parts.map((bytes, place) => ({ keyId, splitId, threshold, number: place + 1, of: shares, bytes }));
}

export function digestOf(text: Uint8Array): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, DIGEST_BYTES);
}

function textOf({ current, older, next, lasting }: KeyList): string {
  const entries = [
    ...[current, ...older].map((bytes) => ({ use: 'key', bytes }) as const),
    ...next.map((bytes) => ({ use: 'next', bytes }) as const),
    ...(lasting === undefined ? [] : [{ use: 'lasting', bytes: lasting } as const]),
  ];
  return entries.map((entry) => formatKeyEntry({ ...entry, isWrapped: false })).join('\n');
}
