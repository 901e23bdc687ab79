import type { webcrypto } from 'node:crypto';

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';

import { KeyError } from '../errors/KeyError.js';

const INFO = new TextEncoder().encode('analytics-service transport v1');

/** HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
function suite(): CipherSuite {
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

/** A key as an ArrayBuffer of its own, which WebCrypto wants, and not a view into Node's buffer pool. */
function own(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** The key pair that `seed` (32 bytes) leads to, by RFC 9180's DeriveKeyPair. */
export async function hpkeKeyPair(seed: Uint8Array): Promise<{ publicKey: Buffer; privateKey: webcrypto.CryptoKey }> {
  const { kem } = suite();
  const pair = await kem.deriveKeyPair(own(seed));
  return { publicKey: Buffer.from(await kem.serializePublicKey(pair.publicKey)), privateKey: pair.privateKey };
}

/** Seals 32 bytes to a public key. Costs about 0.2 ms, so a producer does it once an hour and not once a batch. */
export async function hpkeSeal(publicKey: Uint8Array, secret: Uint8Array): Promise<Buffer> {
  const hpke = suite();
  const recipientPublicKey = await hpke.kem.deserializePublicKey(own(publicKey));
  const sender = await hpke.createSenderContext({ recipientPublicKey, info: own(INFO) });
  const sealed = await sender.seal(own(secret));
  return Buffer.concat([Buffer.from(sender.enc), Buffer.from(sealed)]);
}

/**
 * Opens what `hpkeSeal` made.
 * @throws KeyError `SEAL_BROKEN` when it was sealed to another key or changed on the way
 */
export async function hpkeOpen(privateKey: webcrypto.CryptoKey, sealed: Uint8Array): Promise<Buffer> {
  try {
    const recipient = await suite().createRecipientContext({
      recipientKey: privateKey,
      enc: own(sealed.subarray(0, 32)),
      info: own(INFO),
    });
    return Buffer.from(await recipient.open(own(sealed.subarray(32))));
  } catch (cause) {
    throw new KeyError('SEAL_BROKEN', 'The key of a batch does not open: it was sealed to another public key, or changed.', {
      cause,
    });
  }
}
