import { combine } from 'shamir-secret-sharing';

import { deriveKeys } from '../deriveKeys.js';
import type { KeyEntry } from '../keylist/KeyList.js';
import { parseKeyList } from '../keylist/parseKeyList.js';
import { refusal, type KeyShare } from './KeyShare.js';
import { DIGEST_BYTES, digestOf } from './splitKeys.js';

export interface JoinedKeys {
  /** The id of the current key, as the shares said it. */
  readonly keyId: string;
  /** As a list of keys has them, unwrapped. */
  readonly entries: readonly KeyEntry[];
}

/**
 * The keys that were split.
 * @throws ValidationError when there are too few shares, one twice, some of another splitting, or one that was forged
 */
export async function joinShares(shares: readonly KeyShare[]): Promise<JoinedKeys> {
  const [first] = shares;
  if (first === undefined) throw refusal('shares', 'none', 'as many shares as restore the keys');
  const { keyId, splitId, threshold } = first;
  const stranger = shares.findIndex((share) => share.splitId !== splitId || share.keyId !== keyId || share.threshold !== threshold);
  if (stranger >= 0) throw refusal(`share ${stranger + 1}`, 'one of another splitting', `shares of the splitting ${splitId} of key ${keyId}, like the first`);
  if (new Set(shares.map(({ number }) => number)).size < shares.length) throw refusal('shares', 'the same one twice', `${threshold} different ones`);
  if (shares.length < threshold) throw refusal('shares', `${shares.length}`, `${threshold} different ones`);

  const secret = await combined(shares);
  const text = secret?.subarray(DIGEST_BYTES);
  if (text === undefined || !digestOf(text).equals(secret!.subarray(0, DIGEST_BYTES))) throw wrong();
  const entries = parseKeyList('shares', text.toString('latin1'));
  const current = entries.find(({ use }) => use === 'key')!; // parseKeyList saw to it that there is one
  if ((await deriveKeys(current.bytes)).publicId !== keyId) throw wrong();
  return { keyId, entries };
}

/** @returns undefined for what cannot be shares of one secret */
async function combined(shares: readonly KeyShare[]): Promise<Buffer | undefined> {
  try {
    return Buffer.from(await combine(shares.map(({ bytes }) => Uint8Array.from(bytes))));
  } catch {
    return undefined;
  }
}

function wrong(): Error {
  return refusal('shares', 'shares that do not come to the keys that were split', 'shares as they were written: one of them is forged or of something else');
}
