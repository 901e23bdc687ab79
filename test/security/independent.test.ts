import { hkdfSync, randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { aeskw, gcm } from '@noble/ciphers/aes.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';

import type { ChunkPlace } from '../../src/security/ChunkSealer.js';
import { hpkeOpen, hpkeSeal, hpkeKeyPair } from '../../src/security/hpke.js';
import { keyRingFromMaster } from '../../src/security/KeyRing.js';

// What is sealed is described in docs/keys.md and docs/redis-keys.md; this is written from there, with other code for
// every step: AES-GCM, AES key wrap, HKDF, HMAC and SHA-256.
const master = randomBytes(32);
const ring = await keyRingFromMaster(master);
const { chunks, fields, transport } = ring.reading!; // made from a master key
const text = (value: string) => new TextEncoder().encode(value);
const derive = (purpose: string) => hkdf(sha256, master, text('analytics-service v1'), text(purpose), 32);
const keyEncryptionKey = derive('key encryption');
const fieldKey = derive('fields');
const place = fc.record({
  kind: fc.constantFrom('events', 'metrics', 'rollup 1h'),
  series: fc.stringMatching(/^[a-z_]{1,12}$/),
  hour: fc.nat(1_000_000),
  chunkId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  count: fc.nat(5000),
  earliest: fc.nat(),
  latest: fc.nat(),
});
const context = ({ kind, series, hour, chunkId, count, earliest, latest }: ChunkPlace, part = '') =>
  text(`analytics chunk v1|${kind}|${series}|${hour}|${Buffer.from(chunkId).toString('base64')}|${count}|${earliest}|${latest}${part}`);
const bytes = fc.uint8Array({ maxLength: 400 });
const idOf = (key: Uint8Array) => sha256(key).subarray(0, 4);

describe('an independent implementation', () => {
  it('opens our chunks, whole and in blocks, with nothing but the master key', () => {
    fc.assert(
      fc.property(place, bytes, bytes, (at, whole, block) => {
        const sealed = chunks.seal(at, whole);
        expect(Buffer.from(sealed.wrappedKey.subarray(0, 4))).toEqual(Buffer.from(idOf(keyEncryptionKey)));
        const dataKey = aeskw(keyEncryptionKey).decrypt(sealed.wrappedKey.subarray(4));
        expect(gcm(dataKey, sealed.bytes.subarray(1, 13), context(at)).decrypt(sealed.bytes.subarray(13))).toEqual(whole);
        const parts = chunks.sealBlocks(at, whole, [block]);
        const blocksKey = aeskw(keyEncryptionKey).decrypt(parts.wrappedKey.subarray(4));
        expect(gcm(blocksKey, parts.head.subarray(1, 13), context(at, '|head')).decrypt(parts.head.subarray(13))).toEqual(whole);
        expect(gcm(blocksKey, parts.blocks[0]!.subarray(1, 13), context(at, '|block 0')).decrypt(parts.blocks[0]!.subarray(13))).toEqual(block);
      }),
    );
  });

  it('seals chunks that we open', () => {
    fc.assert(
      fc.property(place, bytes, (at, whole) => {
        const [dataKey, nonce] = [randomBytes(32), randomBytes(12)];
        const wrappedKey = Buffer.concat([idOf(keyEncryptionKey), aeskw(keyEncryptionKey).encrypt(dataKey)]);
        const sealed = Buffer.concat([Buffer.of(1), nonce, gcm(dataKey, nonce, context(at)).encrypt(whole)]);
        expect(chunks.open(at, { bytes: sealed, wrappedKey })).toEqual(Buffer.from(whole));
      }),
    );
  });

  it('opens our fields, and seals fields that we open', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'binary' }), (at, value) => {
        const sealed = fields.seal(at, value);
        const header = Buffer.concat([Buffer.of(1), idOf(fieldKey)]);
        expect(sealed.subarray(0, 5)).toEqual(header);
        const aad = text(`analytics field v1|${at}`);
        expect(Buffer.from(gcm(fieldKey, sealed.subarray(5, 17), aad).decrypt(sealed.subarray(17))).toString()).toBe(value);
        const nonce = randomBytes(12);
        expect(fields.open(at, Buffer.concat([header, nonce, gcm(fieldKey, nonce, aad).encrypt(text(value))]))).toBe(value);
      }),
    );
  });

  it('opens our batches once it has the hour’s key, and seals batches that we open', async () => {
    await ring.transport.prepare();
    const pair = await hpkeKeyPair(derive('transport'));
    expect(pair.publicKey.toString('base64')).toBe(ring.publicKey);
    await fc.assert(
      fc.asyncProperty(fc.uuid(), bytes, fc.integer({ min: 1, max: 4096 }), async (jobId, plain, count) => {
        const aad = text(`analytics transport v1|events|${jobId}|${count}`);
        const sealed = ring.transport.seal(jobId, 'events', count, plain);
        const hourKey = await hpkeOpen(pair.privateKey, sealed.sealedKey);
        const padded = gcm(hmac(sha256, hourKey, text(jobId)), new Uint8Array(12), aad).decrypt(sealed.ciphertext);
        const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
        expect(padded.subarray(4, 4 + length)).toEqual(plain);

        const own = randomBytes(32);
        const body = new Uint8Array(Math.ceil((plain.length + 4) / 64) * 64);
        new DataView(body.buffer).setUint32(0, plain.length);
        body.set(plain, 4);
        const batch = { sealedKey: await hpkeSeal(pair.publicKey, own), ciphertext: Buffer.from(gcm(hmac(sha256, own, text(jobId)), new Uint8Array(12), aad).encrypt(body)) };
        expect(await transport.open(jobId, 'events', count, batch)).toEqual(Buffer.from(plain));
      }),
      { numRuns: 30 },
    );
  });

  it('derives the same keys as we do', () => {
    for (const purpose of ['transport', 'key encryption', 'fields', 'fingerprints', 'audit']) {
      expect(Buffer.from(derive(purpose))).toEqual(Buffer.from(hkdfSync('sha256', master, 'analytics-service v1', purpose, 32)));
    }
  });
});
