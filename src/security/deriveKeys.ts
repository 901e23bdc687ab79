import { createHash, hkdfSync, type webcrypto } from 'node:crypto';

import { hpkeKeyPair } from './hpke.js';

/** What follows from one key of the list (32 bytes), each by HKDF-SHA256 with a purpose of its own. */
export interface DerivedKeys {
  readonly publicId: string;
  readonly publicKey: Buffer;
  readonly privateKey: webcrypto.CryptoKey;
  /** Wraps the data keys of chunks. */
  readonly keyEncryption: Buffer;
  /** Seals single fields. */
  readonly fields: Buffer;
}

export async function deriveKeys(master: Uint8Array): Promise<DerivedKeys> {
  const { publicKey, privateKey } = await hpkeKeyPair(derive(master, 'transport'));
  return { publicId: publicIdOf(publicKey), publicKey, privateKey, keyEncryption: derive(master, 'key encryption'), fields: derive(master, 'fields') };
}

/** The keys that no rotation changes, as a list writes them: of pseudonyms in indexes (32 bytes), then of the audit log (32). */
export function deriveLasting(master: Uint8Array): Buffer {
  return Buffer.concat([derive(master, 'fingerprints'), derive(master, 'audit')]);
}

/** 16 hex digits that name a public key. */
export function publicIdOf(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 16);
}

function derive(master: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, 'analytics-service v1', purpose, 32));
}
