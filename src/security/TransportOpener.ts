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
  readonly #privateKey: webcrypto.CryptoKey;
  readonly #keys = new LRUCache<string, Buffer>({ max: KEYS_KEPT });

  constructor(privateKey: webcrypto.CryptoKey) {
    this.#privateKey = privateKey;
  }

  /** @throws KeyError `SEAL_BROKEN` */
  async open(jobId: string, kind: string, count: number, batch: SealedBatch): Promise<Buffer> {
    const name = batch.sealedKey.toString('base64');
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = await hpkeOpen(this.#privateKey, batch.sealedKey);
      this.#keys.set(name, key);
    }
    const batchKey = createHmac('sha256', key).update(jobId).digest();
    const padded = openBytes(batchKey, TRANSPORT_NONCE, batch.ciphertext, transportContext(jobId, kind, count), 'A batch');
    const length = padded.length < 4 ? Infinity : padded.readUInt32BE(0);
    if (length > padded.length - 4) throw new KeyError('SEAL_BROKEN', 'A batch states a length that it does not have.');
    return padded.subarray(4, 4 + length);
  }
}
