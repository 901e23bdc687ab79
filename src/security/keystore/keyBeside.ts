import type { KeyStore } from './KeyStore.js';

const NOTHING = Buffer.alloc(0);

/** What a script writes beside a chunk: its wrapped key, or '' (which scripts leave out) where keys lie apart. */
export function keyBeside({ isApart }: KeyStore, wrappedKey: Buffer): Buffer {
  return isApart ? NOTHING : wrappedKey;
}
