import { ValidationError } from '../../errors/ValidationError.js';
import { kindOf } from '../../producer/validateIssues.js';
import type { Fingerprints } from '../../security/Fingerprints.js';
import type { Position } from './Position.js';

const VERSION = 1;
const POSITION_BYTES = 1 + 8 + 8;
const DIGEST_BYTES = 16;
/** base64url of the two. */
const CURSOR = /^[A-Za-z0-9_-]{44}$/;

/** What a cursor belongs to: it goes on with this query only. */
export interface CursorQuery {
  readonly type: string;
  readonly order: 'asc' | 'desc';
  /** The filter, as text. */
  readonly filter: string;
}

/**
 * A place in the answer to a query, for whoever asked it. A keyed hash binds it to the query, whose filter may hold a user's
 * id, and hides it (as SIV does, RFC 5297): whoever is shown no exact times reads none from a cursor, or from a URL.
 */
export function encodeCursor({ time, offset }: Position, query: CursorQuery, fingerprints: Fingerprints): string {
  const position = Buffer.alloc(POSITION_BYTES);
  position.writeUInt8(VERSION);
  position.writeDoubleBE(time, 1);
  position.writeDoubleBE(offset, 9);
  const digest = digestOf(position, query, fingerprints);
  return Buffer.concat([masked(position, digest, fingerprints), digest]).toString('base64url');
}

/** @throws ValidationError when it was changed, or given out for another query */
export function decodeCursor(cursor: string, query: CursorQuery, fingerprints: Fingerprints): Position {
  const bytes = Buffer.from(CURSOR.test(cursor) ? cursor : '', 'base64url');
  const digest = bytes.subarray(POSITION_BYTES);
  const position = masked(bytes.subarray(0, POSITION_BYTES), digest, fingerprints);
  if (position.length < POSITION_BYTES || !digestOf(position, query, fingerprints).equals(digest)) {
    const allowed = 'a cursor that queryEvents gave for the same type, order and filter';
    throw new ValidationError('query of events', [{ path: 'cursor', given: kindOf(cursor), allowed }]);
  }
  return { time: position.readDoubleBE(1), offset: position.readDoubleBE(9) };
}

function digestOf(position: Buffer, { type, order, filter }: CursorQuery, fingerprints: Fingerprints): Buffer {
  return fingerprints.cursor(`${position.toString('hex')}|${type}|${order}|${filter}`).subarray(0, DIGEST_BYTES);
}

/** Hides a position, or shows it again. */
function masked(position: Buffer, digest: Buffer, fingerprints: Fingerprints): Buffer {
  const mask = fingerprints.cursor(`mask|${digest.toString('hex')}`);
  return Buffer.from(position.map((byte, place) => byte ^ mask[place]!)); // a mask has 32 bytes
}
