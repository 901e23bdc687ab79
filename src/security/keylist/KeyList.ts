/** The keys that a process is given, and what it may do with each. */
export interface KeyList {
  /** Seals and opens. 32 bytes, like the others. */
  readonly current: Buffer;
  /** Open only, the latest first. */
  readonly older: readonly Buffer[];
  /** Open only too: some processes seal under them already, or soon will. */
  readonly next: readonly Buffer[];
  /**
   * The keys of pseudonyms and of the audit log, which no rotation changes (64 bytes): needed once the key that they
   * follow from is no longer in the list. Default: those of the oldest key.
   */
  readonly lasting: Buffer | undefined;
}

/** One entry as it is written. */
export interface KeyEntry {
  readonly use: 'key' | 'next' | 'lasting';
  /** Wrapped by the key provider: `bytes` is what it unwraps. */
  readonly isWrapped: boolean;
  readonly bytes: Buffer;
}

export const KEY_BYTES = 32;
export const LASTING_BYTES = 64;
