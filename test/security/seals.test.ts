import { createHash, createHmac, hkdfSync, randomBytes, webcrypto } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { sealBytes } from '../../src/security/aead.js';
import type { ChunkPlace } from '../../src/security/ChunkSealer.js';
import { hpkeKeyPair, hpkeSeal } from '../../src/security/hpke.js';
import { keyRingFromMaster, keyRingFromPublicKey } from '../../src/security/KeyRing.js';
import { takeRandom } from '../../src/security/takeRandom.js';
import { TransportSealer } from '../../src/security/TransportSealer.js';
import { TRANSPORT_NONCE, transportContext } from '../../src/security/transportContext.js';
import { bitFlips, otherLengths, Refusals } from './mutations.js';

const master = Buffer.from(Array.from({ length: 32 }, (_, place) => place));
const ring = await keyRingFromMaster(master);
const otherRing = await keyRingFromMaster(randomBytes(32));
const { chunks, fields, transport } = ring.reading!; // made from a master key
const other = otherRing.reading!;

const place: ChunkPlace = { kind: 'events', series: 'custom', hour: 488_888, chunkId: Buffer.alloc(16, 5), count: 3, earliest: 10, latest: 20 };
const elsewhere: readonly Partial<ChunkPlace>[] = [
  ...[{ kind: 'metrics' }, { series: 'error' }, { series: 'custo' }, { hour: 488_889 }, { hour: 48_888 }, { chunkId: Buffer.alloc(16, 6) }],
  ...[{ chunkId: Buffer.alloc(15, 5) }, { count: 4 }, { count: 30 }, { earliest: 11 }, { latest: 21 }, { earliest: 20, latest: 10 }, { kind: 'events|custom', series: '' }],
];
const plain = Buffer.from('what a chunk holds, some hundred bytes of it. '.repeat(3));

describe('a sealed chunk', () => {
  it('opens where it was sealed, whatever it holds', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => expect(chunks.open(place, chunks.seal(place, bytes))).toEqual(Buffer.from(bytes))));
  });

  it('is refused after any of thousands of changes to its bytes, its key or its place', async () => {
    const sealed = chunks.seal(place, plain);
    const second = chunks.seal({ ...place, chunkId: Buffer.alloc(16, 9) }, plain);
    const foreign = other.chunks.seal(place, plain);
    const tries = new Refusals();
    for (const change of [bitFlips, otherLengths]) {
      for (const bytes of change(sealed.bytes)) await tries.attempt('changed bytes', () => chunks.open(place, { ...sealed, bytes }));
      for (const wrappedKey of change(sealed.wrappedKey)) await tries.attempt('a changed key', () => chunks.open(place, { ...sealed, wrappedKey }));
    }
    for (const [name, chunk] of [['bytes', { ...sealed, bytes: second.bytes }], ['key', { ...sealed, wrappedKey: second.wrappedKey }], ['whole', second], ['foreign', foreign]] as const) {
      await tries.attempt(`another's ${name}`, () => chunks.open(place, chunk));
    }
    for (const moved of elsewhere) await tries.attempt(`moved to ${JSON.stringify(moved)}`, () => chunks.open({ ...place, ...moved }, sealed));
    for (let from = 0; from + 32 <= sealed.bytes.length; from += 16) {
      const bytes = Buffer.concat([sealed.bytes.subarray(0, from), sealed.bytes.subarray(from + 16, from + 32), sealed.bytes.subarray(from, from + 16), sealed.bytes.subarray(from + 32)]);
      await tries.attempt('swapped blocks', () => chunks.open(place, { ...sealed, bytes }));
    }
    expect(tries.wrong).toEqual([]);
    expect(tries.refused).toBeGreaterThan(2000);
    expect(tries.codes).toEqual(new Set(['SEAL_BROKEN', 'KEY_UNAVAILABLE']));
  });

  it('says which key it wants when this process holds another', () => {
    const sealed = other.chunks.seal(place, plain);
    expect(() => chunks.open(place, sealed)).toThrow(expect.objectContaining({ code: 'KEY_UNAVAILABLE', message: expect.stringContaining(sealed.wrappedKey.subarray(0, 4).toString('hex')) }));
  });

  it('opens by another implementation that knows the layout alone', async () => {
    const { bytes, wrappedKey } = chunks.seal(place, plain);
    const derived = Buffer.from(hkdfSync('sha256', master, 'analytics-service v1', 'key encryption', 32));
    const { subtle } = webcrypto;
    const wrapping = await subtle.importKey('raw', derived, 'AES-KW', false, ['unwrapKey']);
    const key = await subtle.unwrapKey('raw', wrappedKey.subarray(4), wrapping, 'AES-KW', 'AES-GCM', false, ['decrypt']);
    const additionalData = Buffer.from(`analytics chunk v1|events|custom|488888|${Buffer.alloc(16, 5).toString('base64')}|3|10|20`);
    const opened = await subtle.decrypt({ name: 'AES-GCM', iv: bytes.subarray(1, 13), additionalData }, key, bytes.subarray(13));
    expect(Buffer.from(opened)).toEqual(plain);
    expect([bytes[0], wrappedKey.subarray(0, 4)]).toEqual([1, createHash('sha256').update(derived).digest().subarray(0, 4)]);
  });

  it('never has the same key or nonce twice', () => {
    const seen = new Set(Array.from({ length: 10_000 }, () => takeRandom(44).toString('hex')).flatMap((random) => [random.slice(0, 64), random.slice(64)]));
    expect(seen.size).toBe(20_000);
    const sealed = Array.from({ length: 500 }, () => chunks.seal(place, plain));
    expect(new Set(sealed.flatMap(({ bytes, wrappedKey }) => [bytes.subarray(1, 13).toString('hex'), wrappedKey.toString('hex')])).size).toBe(1000);
  });

  it('that an earlier version stored still opens', () => {
    const stored = { bytes: Buffer.from('ATtBUWv0nHhNOMunl6bVMFAPiBbddDmOiXhHKgQ0my5/', 'base64'), wrappedKey: Buffer.from('xvq+b0yYS9rjtIo9ABm5fwhNE9nKmhQ2lAV/wyBoF48k5cHlzjmgbYQh3mE=', 'base64') };
    expect(chunks.open(place, stored).toString()).toBe('kept');
    expect(fields.open('tags|cpu|00', Buffer.from('ATMTrP2Zf1pF3UikGsxmXF3Z0hfH90dfn5WEztRGw6ZANx+nIQMUb3Oa1tuZ', 'base64'))).toBe('{"host":"a"}');
  });
});

describe('a chunk sealed in blocks', () => {
  const parts = [plain, Buffer.from('one column'), Buffer.from('another one'), Buffer.alloc(0)];
  const seal = () => {
    const { head, blocks, wrappedKey } = chunks.sealBlocks(place, parts[0]!, parts.slice(1));
    return { all: [head, ...blocks], wrappedKey };
  };
  const nameOf = (part: number) => (part === 0 ? ('head' as const) : part - 1);

  it('opens part by part where it was sealed', () => {
    const { all, wrappedKey } = seal();
    const open = chunks.blockOpener(place, wrappedKey);
    for (const part of [2, 0, 3, 1]) expect(open(nameOf(part), all[part]!)).toEqual(parts[part]);
  });

  it('takes no part for another one, of this chunk or of another, and none that was changed or moved', async () => {
    const { all, wrappedKey } = seal();
    const again = seal();
    const open = chunks.blockOpener(place, wrappedKey);
    const whole = chunks.seal(place, plain);
    const tries = new Refusals();
    for (const [part, bytes] of all.entries()) {
      for (const name of ['head' as const, 0, 1, 2, 3, 12, 255]) {
        if (name !== nameOf(part)) await tries.attempt(`part ${part} as ${name}`, () => open(name, bytes));
        await tries.attempt(`part ${part} of the same chunk sealed again as ${name}`, () => open(name, again.all[part]!));
        await tries.attempt(`a whole chunk as ${name}`, () => open(name, whole.bytes));
      }
      await tries.attempt(`part ${part} as a whole chunk`, () => chunks.open(place, { bytes, wrappedKey }));
      for (const change of [bitFlips, otherLengths]) {
        for (const changed of change(bytes)) await tries.attempt(`part ${part} changed`, () => open(nameOf(part), changed));
      }
      for (const moved of elsewhere) {
        await tries.attempt(`part ${part} moved`, () => chunks.blockOpener({ ...place, ...moved }, wrappedKey)(nameOf(part), bytes));
      }
    }
    for (const changed of bitFlips(wrappedKey)) await tries.attempt('a changed key', () => chunks.blockOpener(place, changed));
    expect(tries.wrong).toEqual([]);
    expect(tries.refused).toBeGreaterThan(2000);
  });

  it('uses no nonce twice', () => {
    const { all } = seal();
    expect(new Set(all.map((bytes) => bytes.subarray(1, 13).toString('hex'))).size).toBe(all.length);
  });
});

describe('a sealed batch', () => {
  const seal = async (sealer: TransportSealer, jobId: string) => sealer.prepare().then(() => sealer.seal(jobId, 'events', 7, plain));
  const jobId = '0193a5f0-0000-7000-8000-000000000000';

  it('opens with the private key, whatever it holds, and its length shows in steps of 64 only', async () => {
    await ring.transport.prepare();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.uuid(), async (bytes, id) => {
        const sealed = ring.transport.seal(id, 'events', 1, bytes);
        expect(sealed.ciphertext.length % 64).toBe(16);
        expect(await transport.open(id, 'events', 1, sealed)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('is refused after any of thousands of changes to its bytes, its key, its job or its count', async () => {
    const sealed = await seal(ring.transport, jobId);
    const second = await seal(keyRingFromPublicKey(Buffer.from(ring.publicKey, 'base64')).transport, jobId);
    const third = await seal(ring.transport, 'another job');
    const foreign = await seal(otherRing.transport, jobId);
    const tries = new Refusals();
    for (const change of [bitFlips, otherLengths]) {
      for (const ciphertext of change(sealed.ciphertext)) await tries.attempt('changed bytes', async () => transport.open(jobId, 'events', 7, { ...sealed, ciphertext }));
      for (const sealedKey of change(sealed.sealedKey)) await tries.attempt('a changed key', async () => transport.open(jobId, 'events', 7, { ...sealed, sealedKey }));
    }
    const swaps = { 'key of another producer': { ...sealed, sealedKey: second.sealedKey }, 'bytes of another producer': { ...sealed, ciphertext: second.ciphertext }, 'another job': third, 'another store': foreign };
    for (const [name, batch] of Object.entries(swaps)) await tries.attempt(name, async () => transport.open(jobId, 'events', 7, batch));
    for (const [id, kind, count] of [['x', 'events', 7], [`${jobId} `, 'events', 7], [jobId, 'metrics', 7], [jobId, 'events', 8], [jobId, 'events', 70], [`events|${jobId}`, '', 7]] as const) {
      await tries.attempt('another place', async () => transport.open(id, kind, count, sealed));
    }
    // Also the highest bit of the encapsulated key, which X25519 itself leaves out: its bytes are part of HPKE's derivation.
    expect(tries.wrong).toEqual([]);
    expect(tries.refused).toBeGreaterThan(2500);
    expect(tries.codes).toEqual(new Set(['SEAL_BROKEN']));
    expect(await transport.open(jobId, 'events', 7, sealed)).toEqual(plain);
  });

  it('that a holder of the public key made to be wrong inside is refused with the same typed error', async () => {
    const key = randomBytes(32);
    const sealedKey = await hpkeSeal(Buffer.from(ring.publicKey, 'base64'), key);
    const tries = new Refusals();
    for (const content of [Buffer.alloc(0), Buffer.alloc(3), Buffer.from([0, 0, 0, 1]), Buffer.alloc(64, 255)]) {
      const ciphertext = sealBytes(createHmac('sha256', key).update(jobId).digest(), TRANSPORT_NONCE, content, transportContext(jobId, 'events', 7));
      await tries.attempt(`${content.length} bytes`, async () => transport.open(jobId, 'events', 7, { sealedKey, ciphertext }));
    }
    const shortKey = await hpkeSeal(Buffer.from(ring.publicKey, 'base64'), Buffer.alloc(5));
    await tries.attempt('a short key', async () => transport.open(jobId, 'events', 7, { sealedKey: shortKey, ciphertext: Buffer.alloc(80) }));
    expect(tries.wrong).toEqual([]);
  });

  it('gets another key every hour, and one key for all who ask at once', async () => {
    let now = 0;
    const sealer = new TransportSealer(Buffer.from(ring.publicKey, 'base64'), () => now);
    const keyAt = async (ms: number) => {
      now = ms;
      await Promise.all(Array.from({ length: 10 }, async () => sealer.prepare()));
      return sealer.seal(jobId, 'events', 7, plain).sealedKey.toString('hex');
    };
    const keys = [await keyAt(0), await keyAt(3_599_999), await keyAt(3_600_000), await keyAt(7_199_999), await keyAt(7_200_000)];
    expect([keys[0] === keys[1], keys[1] === keys[2], keys[2] === keys[3], keys[3] === keys[4]]).toEqual([true, false, true, false]);
  });

  it('cannot be sealed before there is a key', () => {
    expect(() => new TransportSealer(Buffer.alloc(32)).seal(jobId, 'events', 1, plain)).toThrow('prepare()');
  });

  it('is sealed to the key pair that RFC 9180 derives from the master key', async () => {
    const pair = await hpkeKeyPair(Buffer.from(hkdfSync('sha256', master, 'analytics-service v1', 'transport', 32)));
    expect(pair.publicKey.toString('base64')).toBe(ring.publicKey);
  });
});

describe('a sealed field', () => {
  it('opens where it was sealed, whatever it says', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 20 }), (text, at) => expect(fields.open(at, fields.seal(at, text))).toBe(text)));
  });

  it('is refused after any of thousands of changes to its bytes or its place', async () => {
    const sealed = fields.seal('tags|cpu|00', plain.toString());
    const tries = new Refusals();
    for (const change of [bitFlips, otherLengths]) for (const bytes of change(sealed)) await tries.attempt('changed bytes', () => fields.open('tags|cpu|00', bytes));
    for (const at of ['', 'tags|cpu|01', 'tags|cp|u00', 'metric name|cpu', 'tags|cpu|00 ']) await tries.attempt(`moved to ${at}`, () => fields.open(at, sealed));
    await tries.attempt('of another store', () => fields.open('tags|cpu|00', other.fields.seal('tags|cpu|00', 'x')));
    expect(tries.wrong).toEqual([]);
    expect(tries.refused).toBeGreaterThan(1500);
    expect(tries.codes).toEqual(new Set(['SEAL_BROKEN', 'KEY_UNAVAILABLE']));
  });
});

describe('10,000 random changes', () => {
  it('of chunks, batches and fields are refused, every one', async () => {
    const tries = new Refusals();
    const chunk = chunks.seal(place, plain);
    const field = fields.seal('tags', 'text');
    await ring.transport.prepare();
    const batch = ring.transport.seal('job', 'events', 7, plain);
    const targets = [chunk.bytes, chunk.wrappedKey, field, batch.ciphertext];
    for (let time = 0; time < 10_000; time += 1) {
      const target = targets[time % targets.length]!;
      const changed = randomChange(target);
      if (changed.equals(target)) continue;
      await tries.attempt(`change ${time}`, () => {
        if (target === chunk.bytes) return chunks.open(place, { ...chunk, bytes: changed });
        if (target === chunk.wrappedKey) return chunks.open(place, { ...chunk, wrappedKey: changed });
        if (target === field) return fields.open('tags', changed);
        return transport.open('job', 'events', 7, { ...batch, ciphertext: changed });
      });
    }
    expect(tries.wrong).toEqual([]);
    expect(tries.refused).toBeGreaterThan(9900);
  });
});

/** Bytes overwritten, copied over each other, left out or put in at random places. */
function randomChange(bytes: Buffer): Buffer {
  const [at = 0, to = 0, kind = 0, length = 0] = Array.from({ length: 4 }, () => randomBytes(4).readUInt32BE());
  const start = at % bytes.length;
  const size = 1 + (length % 16);
  switch (kind % 4) {
    case 0:
      return Buffer.concat([bytes.subarray(0, start), randomBytes(size), bytes.subarray(start + size)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + size)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, start), randomBytes(size), bytes.subarray(start)]);
    default: {
      const changed = Buffer.from(bytes);
      changed.copy(changed, start, to % bytes.length, (to % bytes.length) + size);
      return changed;
    }
  }
}
