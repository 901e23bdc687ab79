import { createHash, createHmac, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

import { LRUCache } from 'lru-cache';

const PSEUDONYMS_KEPT = 50_000;
const SPAN_KEYS_KEPT = 256;
/** What stands before an Ed25519 seed in PKCS #8 (RFC 8410). */
const PKCS8_BEFORE_SEED = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The keys of the audit log, each derived for its own use. */
export class AuditKeys {
  /** 4 bytes that name these keys in what they sealed. */
  readonly id: Buffer;
  readonly #root: Buffer;
  readonly #people: Buffer;
  /** As base64url, which a record has. */
  readonly #pseudonyms = new LRUCache<string, string>({ max: PSEUDONYMS_KEPT });
  #signing: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined;
  readonly #spans = new LRUCache<string, Buffer>({ max: SPAN_KEYS_KEPT });

  /** @param root 32 bytes */
  constructor(root: Buffer) {
    this.#root = root;
    this.#people = this.#derive('people');
    this.id = createHash('sha256').update(root).digest().subarray(0, 4);
  }

  /** 8 bytes that stand for a person, for as long as records are kept. Among 10 million people two share them once in 370,000 such logs. */
  pseudonym(userId: string): Buffer {
    return Buffer.from(this.pseudonymText(userId), 'base64url');
  }

  /** The same as base64url. A read of 100 events names as many people, and most of them were named before. */
  pseudonymText(userId: string): string {
    let known = this.#pseudonyms.get(userId);
    if (known === undefined) {
      known = createHmac('sha256', this.#people).update(userId).digest().toString('base64url', 0, 8);
      this.#pseudonyms.set(userId, known);
    }
    return known;
  }

  /** The key that seals one span of a chain. A key for each keeps what is sealed under one far below what random nonces allow. */
  spanKey(use: string, chain: string, span: number): Buffer {
    const name = `${use}|${chain}|${span}`;
    let known = this.#spans.get(name);
    if (known === undefined) {
      known = this.#derive(name);
      this.#spans.set(name, known);
    }
    return known;
  }

  /** Ed25519: 64 bytes. */
  sign(data: Uint8Array): Buffer {
    return sign(null, data, this.#pair().privateKey);
  }

  isSigned(data: Uint8Array, signature: Uint8Array): boolean {
    return verify(null, data, this.#pair().publicKey, signature);
  }

  #pair(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
    if (this.#signing === undefined) {
      const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_BEFORE_SEED, this.#derive('signing')]), format: 'der', type: 'pkcs8' });
      this.#signing = { privateKey, publicKey: createPublicKey(privateKey) };
    }
    return this.#signing;
  }

  #derive(purpose: string): Buffer {
    return createHmac('sha256', this.#root).update(purpose).digest();
  }
}
