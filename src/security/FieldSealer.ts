import { randomBytes } from 'node:crypto';

import { KeyError } from '../errors/KeyError.js';
import { NONCE_BYTES, openBytes, sealBytes } from './aead.js';

const FORMAT = 1;
const KEY_ID_BYTES = 4;
const HEADER_BYTES = 1 + KEY_ID_BYTES;

/**
 * Seals small values that stay (a series' tags, a metric's name) under one key, each with a random nonce. Format and key
 * id stand before them, so that another key can take over while values of this one are still there.
 */
export class FieldSealer {
  readonly #key: Buffer;
  readonly #header: Buffer;

  constructor(key: Buffer, keyId: Buffer) {
    this.#key = key;
    this.#header = Buffer.concat([Buffer.of(FORMAT), keyId]);
  }

  /** @param place what the value is bound to: moved elsewhere it does not open */
  seal(place: string, text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    return Buffer.concat([this.#header, nonce, sealBytes(this.#key, nonce, Buffer.from(text), fieldContext(place))]);
  }

  /** @throws KeyError `KEY_UNAVAILABLE` when it was sealed under another key; `SEAL_BROKEN` when it was changed or moved */
  open(place: string, sealed: Buffer): string {
    if (sealed.length < HEADER_BYTES + NONCE_BYTES || sealed[0] !== FORMAT) {
      throw new KeyError('SEAL_BROKEN', 'A sealed field has a format that this version does not know.');
    }
    if (!sealed.subarray(0, HEADER_BYTES).equals(this.#header)) {
      const [theirs, ours] = [sealed, this.#header].map((bytes) => bytes.subarray(1, HEADER_BYTES).toString('hex'));
      throw new KeyError(
        'KEY_UNAVAILABLE',
        `A field was sealed under key ${theirs}; this process holds ${ours}. Set ANALYTICS_ENCRYPTION_KEY to the key that the data was stored with.`,
      );
    }
    const nonce = sealed.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
    return openBytes(this.#key, nonce, sealed.subarray(HEADER_BYTES + NONCE_BYTES), fieldContext(place), 'A sealed field').toString('utf8');
  }
}

function fieldContext(place: string): Buffer {
  return Buffer.from(`analytics field v${FORMAT}|${place}`);
}
