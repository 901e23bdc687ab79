import { createHmac, type webcrypto } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import { KeyError } from '../errors/KeyError.js';
import { openBytes } from './aead.js';
import { hpkeOpen } from './hpke.js';
import type { SealedBatch } from './TransportSealer.js';
import { TRANSPORT_NONCE, transportContext } from './transportContext.js';

/** Keys kept open. A producer makes one an hour, so this serves a thousand producers. */
const KEYS_KEPT = 1024;

/** Opens batches that producers sealed to the public key. */
export class TransportOpener {
  readonly #currentId: string;
  readonly #privateKeys: ReadonlyMap<string, webcrypto.CryptoKey>;
  readonly #keys = new LRUCache<string, Buffer>({ max: KEYS_KEPT });

  /** @param privateKeys by the id of their public key */
  constructor(currentId: string, privateKeys: ReadonlyMap<string, webcrypto.CryptoKey>) {
    this.#currentId = currentId;
    this.#privateKeys = privateKeys;
  }

  /**
   * @param to the id of the public key that it was sealed to
   * @throws KeyError `SEAL_BROKEN`; `KEY_MISMATCH` when it was sealed to another public key
   */
  async open(jobId: string, kind: string, count: number, batch: SealedBatch, to = this.#currentId): Promise<Buffer> {
    const privateKey = this.#privateKeys.get(to);
    if (privateKey === undefined) {
      throw new KeyError(
        'KEY_MISMATCH',
        `A batch was sealed to public key ${to}; this process has ${[...this.#privateKeys.keys()].join(', ')}. Give both the same ANALYTICS_ENCRYPTION_KEY, ` +
          'or this process the older key too.',
      );
    }
    const name = `${to}|${batch.sealedKey.toString('base64')}`;
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = await hpkeOpen(privateKey, batch.sealedKey);
      this.#keys.set(name, key);
    }
    const batchKey = createHmac('sha256', key).update(jobId).digest();
    const padded = openBytes(batchKey, TRANSPORT_NONCE, batch.ciphertext, transportContext(jobId, kind, count), 'A batch');
    const length = padded.length < 4 ? Infinity : padded.readUInt32BE(0);
    if (length > padded.length - 4) throw new KeyError('SEAL_BROKEN', 'A batch states a length that it does not have.');
    return padded.subarray(4, 4 + length);
  }
}
