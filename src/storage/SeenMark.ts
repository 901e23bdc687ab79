import { SEEN_BUCKETS } from '../redis/keys.js';
import type { Fingerprints } from '../security/Fingerprints.js';

const DAY_MS = 86_400_000;

/** What the store remembers so that a repeated event is stored once. */
export interface SeenMark {
  /**
   * `check`: has to be free; `write`: is written with the chunk; `both`. `origin`: has to be free, unless the mark before
   * it is this chunk's own, from a run that failed.
   */
  readonly mode: 'check' | 'write' | 'both' | 'origin';
  readonly bucket: number;
  readonly field: Buffer;
  /** Rows that are duplicates if the mark is taken. */
  readonly rows: readonly number[];
}

export function seenMark(
  fingerprints: Fingerprints,
  mode: SeenMark['mode'],
  kind: 'event' | 'batch' | 'repeated',
  id: string,
  rows: readonly number[] = [],
): SeenMark {
  const field = fingerprints.seen(kind, id);
  return { mode, bucket: field[0]! % SEEN_BUCKETS, field, rows };
}

/** The value of a mark: the day of storage, for clean-up, and whose it is. */
export function seenMarkValue(chunkId: Buffer, now: number): Buffer {
  const value = Buffer.alloc(6);
  value.writeUInt16BE(Math.floor(now / DAY_MS), 0);
  chunkId.copy(value, 2, 0, 4);
  return value;
}

const LETTERS = { check: 'c', write: 'w', both: 'b', origin: 'o' } as const;

/** The mark as the script takes it. */
export function seenMarkArgument(mark: SeenMark): Buffer {
  return Buffer.concat([Buffer.from(LETTERS[mark.mode]), mark.field]);
}
