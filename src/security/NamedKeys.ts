import { createHash } from 'node:crypto';

import { KeyError } from '../errors/KeyError.js';

export const KEY_ID_BYTES = 4;

/** 4 bytes that name a key in the headers of what it sealed. They say nothing of the key. */
export function keyIdOf(key: Uint8Array): Buffer {
  return createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES);
}

/** The keys of one use, each named by its id: one seals, and any of them opens what it sealed. */
export class NamedKeys {
  readonly current: Buffer;
  readonly currentId: Buffer;
  readonly #others = new Map<string, Buffer>();

  /** @param others only open */
  constructor(current: Buffer, others: readonly Buffer[] = []) {
    this.current = current;
    this.currentId = keyIdOf(current);
    for (const key of others) this.#others.set(keyIdOf(key).toString('hex'), key);
  }

  isCurrent(id: Buffer): boolean {
    return id.equals(this.currentId);
  }

  /**
   * @param what is sealed under it, such as 'A chunk'
   * @throws KeyError `KEY_UNAVAILABLE` when this process does not hold it
   */
  find(id: Buffer, what: string): Buffer {
    if (this.isCurrent(id)) return this.current;
    const name = id.toString('hex');
    const key = this.#others.get(name);
    if (key !== undefined) return key;
    const held = [this.currentId.toString('hex'), ...this.#others.keys()].join(', ');
    throw new KeyError(
      'KEY_UNAVAILABLE',
      `${what} was sealed under key ${name}; this process holds ${held}. Add the key that the data was stored with to ANALYTICS_ENCRYPTION_KEY, ` +
        'behind the current one. See docs/keys.md.',
    );
  }
}
