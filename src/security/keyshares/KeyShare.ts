import { createHash } from 'node:crypto';

import { ValidationError } from '../../errors/ValidationError.js';

/** One of several shares of a list of keys. Nothing but `bytes` is secret, and that only together with others. */
export interface KeyShare {
  /** The id of the current key of the list, as `keys status` shows it. */
  readonly keyId: string;
  /** 8 hex digits that all shares of one splitting have, and no others. */
  readonly splitId: string;
  /** How many restore the list. */
  readonly threshold: number;
  /** Which one it is, from 1. */
  readonly number: number;
  /** How many there are. */
  readonly of: number;
  readonly bytes: Uint8Array;
}

const FORM = /^analytics-share-1:([0-9a-f]{16}):([0-9a-f]{8}):(\d{1,3})-(\d{1,3})-(\d{1,3}):([A-Za-z0-9_-]+):([0-9a-f]{8})$/;

/** A share as one line, with a checksum, so that a character that was copied wrong is noticed at once. */
export function formatKeyShare({ keyId, splitId, threshold, number, of, bytes }: KeyShare): string {
  const text = `analytics-share-1:${keyId}:${splitId}:${threshold}-${number}-${of}:${Buffer.from(bytes).toString('base64url')}`;
  return `${text}:${checksumOf(text)}`;
}

/** @param name says which one it is in the error, which holds nothing of it. @throws ValidationError */
export function parseKeyShare(name: string, line: string): KeyShare {
  const [, keyId, splitId, threshold, number, of, bytes, checksum] = FORM.exec(line) ?? [];
  if (checksum === undefined) throw refusal(name, 'something else', 'a line that begins with analytics-share-1:, as "keys split" wrote it');
  if (checksumOf(line.slice(0, line.lastIndexOf(':'))) !== checksum) throw refusal(name, 'a share that does not fit its checksum', 'the share as it was written: a character was changed or is missing');
  return { keyId: keyId!, splitId: splitId!, threshold: Number(threshold), number: Number(number), of: Number(of), bytes: Buffer.from(bytes!, 'base64url') }; // the form has them all
}

export function refusal(path: string, given: string, allowed: string): ValidationError {
  return new ValidationError('set of shares', [{ path, given, allowed }]);
}

/** Against mistakes, not against forgery: whoever forges a share is found out when the shares are joined. */
function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
