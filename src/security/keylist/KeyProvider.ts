/**
 * Wraps and unwraps keys with a key that never leaves a key management service. `ANALYTICS_KEY_PROVIDER` names a module
 * whose default export is one, or a function that makes one; examples/key-providers has two.
 */
export interface KeyProvider {
  /** @returns what may lie on a disk: at most 8,192 bytes */
  wrap(key: Uint8Array): Promise<Uint8Array>;
  /** Gives back what `wrap` was given, or rejects. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}
