import type { Fingerprints } from '../security/Fingerprints.js';

const DAY_MS = 86_400_000;

/** What a mark tells of: an id that a caller gave, a batch, or that an event of a batch was repeated by a call of its own. */
export type SeenKind = 'event' | 'batch' | 'repeated';

/** What the store remembers so that a repeated event is stored once. */
export interface SeenMark {
  readonly kind: SeenKind;
  /**
   * `check`: has to be free; `write`: is written with the chunk; `both`. `origin`: has to be free, unless the mark before
   * it is this chunk's own, from a run that failed. The script knows all but `origin` of ids, and all but `both` of batches.
   */
  readonly mode: 'check' | 'write' | 'both' | 'origin';
  readonly hash: Buffer;
  /** Rows that are duplicates if the mark is taken. */
  readonly rows: readonly number[];
}

export function seenMark(fingerprints: Fingerprints, mode: SeenMark['mode'], kind: SeenKind, id: string, rows: readonly number[] = []): SeenMark {
  return { kind, mode, hash: seenHash(fingerprints, kind, id), rows };
}

/**
 * The 8 bytes that stand for an id or a batch. That a batch's events were repeated differs from the batch itself in the
 * last bit only, so that the script finds both in one bucket, and one keyed hash makes both.
 */
export function seenHash(fingerprints: Fingerprints, kind: SeenKind, id: string): Buffer {
  if (kind !== 'repeated') return fingerprints.seen(kind, id);
  const hash = Buffer.from(fingerprints.seen('batch', id));
  hash[7]! ^= 1;
  return hash;
}

/** What is kept beside the hash: the day of storage, for clean-up, and of an id whose it is. */
export function seenMarkValue(chunkId: Buffer, now: number): Buffer {
  const value = Buffer.alloc(6);
  value.writeUInt16BE(Math.floor(now / DAY_MS), 0);
  chunkId.copy(value, 2, 0, 4);
  return value;
}

const LETTERS = { check: 'c', write: 'w', both: 'b', origin: 'o' } as const;

/** The marks as the script takes them: a letter, upper case for those of batches, and the hash. */
export function seenMarksArgument(marks: readonly SeenMark[]): Buffer {
  const bytes = Buffer.alloc(9 * marks.length);
  for (const [place, { kind, mode, hash }] of marks.entries()) {
    const letter = LETTERS[mode];
    bytes.write(kind === 'event' ? letter : letter.toUpperCase(), 9 * place, 'latin1');
    hash.copy(bytes, 9 * place + 1);
  }
  return bytes;
}
