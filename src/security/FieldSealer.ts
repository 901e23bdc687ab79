import { randomBytes } from 'node:crypto';

import { NONCE_BYTES, openBytes, sealBytes } from './aead.js';

/** Seals small values that stay (a series' tags, a metric's name) under one key, each with a random nonce. */
export class FieldSealer {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** @param place what the value is bound to: moved elsewhere it does not open */
  seal(place: string, text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    return Buffer.concat([nonce, sealBytes(this.#key, nonce, Buffer.from(text), Buffer.from(place))]);
  }

  /** @throws KeyError `SEAL_BROKEN` */
  open(place: string, sealed: Buffer): string {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    return openBytes(this.#key, nonce, sealed.subarray(NONCE_BYTES), Buffer.from(place), 'A sealed field').toString('utf8');
  }
}
