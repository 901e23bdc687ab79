import { AuditKeys } from './AuditKeys.js';
import { ChunkSealer } from './ChunkSealer.js';
import { deriveKeys, deriveLasting, publicIdOf } from './deriveKeys.js';
import { FieldSealer } from './FieldSealer.js';
import { Fingerprints } from './Fingerprints.js';
import type { KeyList } from './keylist/KeyList.js';
import { keysBesideData } from './keystore/keysBesideData.js';
import type { KeyStore } from './keystore/KeyStore.js';
import { keyIdOf, NamedKeys } from './NamedKeys.js';
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
  /** The keys that this process holds, the current one first. */
  readonly held: readonly HeldKey[];
  /** 8 hex digits that name the keys that no rotation changes. */
  readonly lastingId: string;
  /** These keys, as the entry `lasting:` of a list holds them. Secret. */
  lastingKeys(): Buffer;
}

/** Names a key that this process holds. Nothing of it is secret. */
export interface HeldKey {
  readonly use: 'current' | 'older' | 'next';
  /** By this one people call it: the id of the public key that follows from it. */
  readonly publicId: string;
  /** 8 hex digits: stands before each data key that it wraps. */
  readonly keyEncryptionId: string;
  /** 8 hex digits: stands before each field that it seals. */
  readonly fieldId: string;
}

/** The keys that follow from one master key (32 bytes). */
export async function keyRingFromMaster(master: Uint8Array): Promise<KeyRing> {
  return keyRingFromList({ current: Buffer.from(master), older: [], next: [], lasting: undefined });
}

/** The keys that follow from a list: the current one seals, all of them open. */
export async function keyRingFromList({ current, older, next, lasting }: KeyList, dataKeys: KeyStore = keysBesideData): Promise<KeyRing> {
  const [first, ...others] = await Promise.all([current, ...older, ...next].map(deriveKeys));
  const own = first!; // of `current`
  const lastingKeys = lasting ?? deriveLasting(older.at(-1) ?? current);
  return {
    publicId: own.publicId,
    publicKey: own.publicKey.toString('base64'),
    transport: new TransportSealer(own.publicKey),
    reading: {
      transport: new TransportOpener(own.publicId, new Map([own, ...others].map(({ publicId, privateKey }) => [publicId, privateKey]))),
      chunks: new ChunkSealer(new NamedKeys(own.keyEncryption, others.map(({ keyEncryption }) => keyEncryption))),
      fields: new FieldSealer(new NamedKeys(own.fields, others.map(({ fields }) => fields))),
      fingerprints: new Fingerprints(lastingKeys.subarray(0, 32)),
      audit: new AuditKeys(lastingKeys.subarray(32)),
      dataKeys,
      held: [own, ...others].map(({ publicId, keyEncryption, fields }, place) => ({
        use: place === 0 ? 'current' : place <= older.length ? 'older' : 'next',
        publicId,
        keyEncryptionId: keyIdOf(keyEncryption).toString('hex'),
        fieldId: keyIdOf(fields).toString('hex'),
      })),
      lastingId: keyIdOf(lastingKeys).toString('hex'),
      lastingKeys: () => Buffer.from(lastingKeys),
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
