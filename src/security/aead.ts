import { createCipheriv, createDecipheriv } from 'node:crypto';

import { KeyError } from '../errors/KeyError.js';

export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** AES-256-GCM: ciphertext, then the 16-byte tag. The caller answers for never using a nonce twice under one key. */
export function sealBytes(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, associated: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(associated);
  const body = cipher.update(plain);
  const rest = cipher.final();
  return Buffer.concat([body, rest, cipher.getAuthTag()]);
}

/**
 * Opens what `sealBytes` made.
 * @throws KeyError `SEAL_BROKEN` for another key, nonce, place or any changed byte
 */
export function openBytes(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array, what: string): Buffer {
  if (sealed.length < TAG_BYTES) throw new KeyError('SEAL_BROKEN', `${what} is too short to hold anything.`);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce);
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const body = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    const rest = decipher.final();
    return rest.length === 0 ? body : Buffer.concat([body, rest]);
  } catch (cause) {
    throw new KeyError('SEAL_BROKEN', `${what} does not open: it was changed, moved, or sealed under another key.`, { cause });
  }
}
