import { createHash, hkdfSync } from 'node:crypto';

import { AuditKeys } from './AuditKeys.js';
import { ChunkSealer } from './ChunkSealer.js';
import { FieldSealer } from './FieldSealer.js';
import { Fingerprints } from './Fingerprints.js';
import { hpkeKeyPair } from './hpke.js';
import { keysBesideData } from './keystore/keysBesideData.js';
import type { KeyStore } from './keystore/KeyStore.js';
import { TransportOpener } from './TransportOpener.js';
import { TransportSealer } from './TransportSealer.js';

/** The keys of one process. A process that only produces has no `reading`. */
export interface KeyRing {
  /** 16 hex digits that name the public key. Not secret; it stands in each job and in Redis. */
  readonly publicId: string;
  /** base64 of 32 bytes: what `ANALYTICS_PUBLIC_KEY` takes. Not secret. */
  readonly publicKey: string;
  readonly transport: TransportSealer;
  readonly reading: ReadingKeys | undefined;
}

/** What it takes to open batches and chunks. */
export interface ReadingKeys {
  readonly transport: TransportOpener;
  readonly chunks: ChunkSealer;
  readonly fields: FieldSealer;
  readonly fingerprints: Fingerprints;
  readonly audit: AuditKeys;
  /** Where the data keys of chunks are. */
  readonly dataKeys: KeyStore;
}

/** The keys that follow from the master key (32 bytes), each by HKDF-SHA256 with a purpose of its own. */
export async function keyRingFromMaster(master: Uint8Array): Promise<KeyRing> {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', master, 'analytics-service v1', purpose, 32));
  const { publicKey, privateKey } = await hpkeKeyPair(derive('transport'));
  const keyEncryptionKey = derive('key encryption');
  const fieldKey = derive('fields');
  return {
    publicId: publicIdOf(publicKey),
    publicKey: publicKey.toString('base64'),
    transport: new TransportSealer(publicKey),
    reading: {
      transport: new TransportOpener(privateKey),
      chunks: new ChunkSealer(keyEncryptionKey, keyIdOf(keyEncryptionKey)),
      fields: new FieldSealer(fieldKey, keyIdOf(fieldKey)),
      fingerprints: new Fingerprints(derive('fingerprints')),
      audit: new AuditKeys(derive('audit')),
      dataKeys: keysBesideData,
    },
  };
}

/** The keys of a process that only produces: it can seal and cannot open. */
export function keyRingFromPublicKey(publicKey: Buffer): KeyRing {
  return {
    publicId: publicIdOf(publicKey),
    publicKey: publicKey.toString('base64'),
    transport: new TransportSealer(publicKey),
    reading: undefined,
  };
}

/** 4 bytes that name a key in the headers of what it sealed. They say nothing of the key. */
function keyIdOf(key: Buffer): Buffer {
  return createHash('sha256').update(key).digest().subarray(0, 4);
}

function publicIdOf(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 16);
}
