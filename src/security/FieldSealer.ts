import { randomBytes } from 'node:crypto';

import { KeyError } from '../errors/KeyError.js';
import { NONCE_BYTES, openBytes, sealBytes } from './aead.js';
import { KEY_ID_BYTES, type NamedKeys } from './NamedKeys.js';

const FORMAT = 1;
const HEADER_BYTES = 1 + KEY_ID_BYTES;

/**
 * Seals small values that stay (a series' tags, a metric's name) under one key, each with a random nonce. Format and key
 * id stand before them, so that another key can take over while values of this one are still there.
 */
export class FieldSealer {
  readonly #keys: NamedKeys;
  readonly #header: Buffer;

  constructor(keys: NamedKeys) {
    this.#keys = keys;
    this.#header = Buffer.concat([Buffer.of(FORMAT), keys.currentId]);
  }

  /** @param place what the value is bound to: moved elsewhere it does not open */
  seal(place: string, text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    return Buffer.concat([this.#header, nonce, sealBytes(this.#keys.current, nonce, Buffer.from(text), fieldContext(place))]);
  }

  /** @throws KeyError `KEY_UNAVAILABLE` when it was sealed under another key; `SEAL_BROKEN` when it was changed or moved */
  open(place: string, sealed: Buffer): string {
    if (sealed.length < HEADER_BYTES + NONCE_BYTES || sealed[0] !== FORMAT) {
      throw new KeyError('SEAL_BROKEN', 'A sealed field has a format that this version does not know.');
    }
    const key = this.#keys.find(sealed.subarray(1, HEADER_BYTES), 'A field');
    const nonce = sealed.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
    return openBytes(key, nonce, sealed.subarray(HEADER_BYTES + NONCE_BYTES), fieldContext(place), 'A sealed field').toString('utf8');
  }

  /**
   * Seals a field again, under the current key.
   * @returns undefined where it is under that one already
   * @throws KeyError as `open` does
   */
  reseal(place: string, sealed: Buffer): Buffer | undefined {
    return sealed.subarray(0, HEADER_BYTES).equals(this.#header) ? undefined : this.seal(place, this.open(place, sealed));
  }
}

function fieldContext(place: string): Buffer {
  return Buffer.from(`analytics field v${FORMAT}|${place}`);
}
