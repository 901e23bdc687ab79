import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Redis } from 'ioredis';

import { parseConfig } from '../../src/config/parseConfig.js';
import { ConfigurationError } from '../../src/errors/ConfigurationError.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { checkKeyIdentity } from '../../src/security/checkKeyIdentity.js';
import type { ChunkPlace } from '../../src/security/ChunkSealer.js';
import { deriveLasting } from '../../src/security/deriveKeys.js';
import type { KeyEntry } from '../../src/security/keylist/KeyList.js';
import { formatKeyEntry, parseKeyList } from '../../src/security/keylist/parseKeyList.js';
import { keyRingFromPublicKey, type KeyRing } from '../../src/security/KeyRing.js';
import { KeyUses, MOST_USES } from '../../src/security/KeyUses.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const folder = mkdtempSync(join(tmpdir(), 'analytics-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [older, current, next] = [randomBytes(32), randomBytes(32), randomBytes(32)].map((key) => key.toString('base64')) as [string, string, string];
const load = async (list: string): Promise<KeyRing> => loadKeyRing(parseConfig({ ANALYTICS_DATA_DIR: folder, ANALYTICS_ENCRYPTION_KEY: list, NODE_ENV: 'production' }));
const lastingOf = (key: string): string => formatKeyEntry({ use: 'lasting', isWrapped: false, bytes: deriveLasting(Buffer.from(key, 'base64')) });
const place: ChunkPlace = { kind: 'events', series: 'custom', hour: 5, chunkId: Buffer.alloc(16, 1), count: 1, earliest: 1, latest: 2 };

describe('a list of keys', () => {
  const entry = fc.oneof(
    fc.record({ use: fc.constantFrom('key' as const, 'next' as const), isWrapped: fc.constant(false), bytes: fc.uint8Array({ minLength: 32, maxLength: 32 }) }),
    fc.record({ use: fc.constantFrom('key' as const, 'next' as const, 'lasting' as const), isWrapped: fc.constant(true), bytes: fc.uint8Array({ minLength: 1, maxLength: 600 }) }),
  );

  it('says the same when it is written and read again, whatever separates its entries', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), fc.constantFrom(',', '\n', ' ,\t', ' \r\n# a note, with commas\n'), (some, between) => {
        const first: KeyEntry = { use: 'key', isWrapped: false, bytes: Buffer.alloc(32, 7) };
        const entries = [first, ...some.filter(({ use }) => use !== 'lasting').map((one) => ({ ...one, bytes: Buffer.from(one.bytes) }))];
        expect(parseKeyList('LIST', entries.map(formatKeyEntry).join(between))).toEqual(entries);
      }),
    );
  });

  it('is refused for whatever else it holds, naming the entry and quoting none', () => {
    const bad = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom('next:', 'wrapped:', 'lasting:', `lasting:${current}`, `NEXT:${current}`, `next:next:${current}`, `wrapped:next:${current}`, current.slice(4), `${current}AAAA`));
    fc.assert(
      fc.property(bad, (text) => {
        fc.pre(text.split('\n').some((line) => !line.trimStart().startsWith('#') && line.replace(/[\s,]/g, '') !== ''));
        const refusal = (() => {
          try {
            return parseKeyList('LIST', `${older},${text}`);
          } catch (error) {
            return error;
          }
        })();
        expect(refusal).toBeInstanceOf(ConfigurationError);
        expect(String(refusal)).toMatch(/LIST: entry \d+: must be base64|LIST: must hold/);
        expect(String(refusal)).not.toContain(older);
        if (text.length > 12) expect(String(refusal)).not.toContain(text);
      }),
    );
  });

  it.each([
    ['nothing that seals', `next:${next}`],
    ['the lasting keys twice', `${current},${lastingOf(older)},${lastingOf(older)}`],
    ['a wrapped key and nobody to unwrap it', `wrapped:${current}`],
  ])('is refused with %s', async (_, list) => {
    await expect(load(list)).rejects.toBeInstanceOf(ConfigurationError);
  });

  it('may stand in a file, one key a line', async () => {
    const file = join(folder, 'ring');
    writeFileSync(file, `# of May\n${current}\n# of January\n${older}\n`, { mode: 0o600 });
    const ring = await loadKeyRing(parseConfig({ ANALYTICS_DATA_DIR: folder, ANALYTICS_ENCRYPTION_KEY_FILE: file }));
    expect(ring.reading!.held).toEqual((await load(`${current},${older}`)).reading!.held);
  });
});

describe('keys that follow one another', () => {
  it('seal under the current one, and open what any of them sealed', async () => {
    const [before, rotated, announced] = [await load(older), await load(`${current},${older}`), await load(`next:${next},${current},${older}`)];
    const soon = await load(`${next},${current},${older}`);
    for (const [sealer, opener] of [[before, rotated], [before, soon], [rotated, announced], [soon, announced], [rotated, soon]] as const) {
      const { chunks, fields } = sealer.reading!;
      const sealed = chunks.seal(place, Buffer.from('old'));
      expect(opener.reading!.chunks.open(place, sealed).toString()).toBe('old');
      const blocks = chunks.sealBlocks(place, Buffer.from('head'), [Buffer.from('block')]);
      expect(opener.reading!.chunks.blockOpener(place, blocks.wrappedKey)(0, blocks.blocks[0]!).toString()).toBe('block');
      expect(opener.reading!.fields.open('a', fields.seal('a', 'old'))).toBe('old');
      await sealer.transport.prepare();
      const batch = sealer.transport.seal('job', 'events', 1, Buffer.from('batch'));
      expect((await opener.reading!.transport.open('job', 'events', 1, batch, sealer.publicId)).toString()).toBe('batch');
      await expect(opener.reading!.transport.open('job', 'events', 1, batch, opener.publicId === sealer.publicId ? before.publicId : opener.publicId)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    }
    expect([rotated.publicId, announced.publicId, soon.publicId]).toEqual([rotated.publicId, rotated.publicId, (await load(next)).publicId]);
    expect(before.reading!.chunks.seal(place, Buffer.alloc(1)).wrappedKey.subarray(0, 4).toString('hex')).toBe(before.reading!.held[0]!.keyEncryptionId);
  });

  it('wrap a data key again without touching what it seals', async () => {
    const [before, rotated, alone] = [await load(older), await load(`${current},${older}`), await load(`${current},${lastingOf(older)}`)];
    const sealed = before.reading!.chunks.seal(place, Buffer.from('kept'));
    const wrappedKey = rotated.reading!.chunks.rewrap(sealed.wrappedKey)!;
    expect(alone.reading!.chunks.open(place, { ...sealed, wrappedKey }).toString()).toBe('kept');
    expect(alone.reading!.chunks.rewrap(wrappedKey)).toBeUndefined();
    expect(() => alone.reading!.chunks.open(place, sealed)).toThrow(expect.objectContaining({ code: 'KEY_UNAVAILABLE', message: expect.stringContaining('docs/keys.md') }));
    const field = rotated.reading!.fields.reseal('a', before.reading!.fields.seal('a', 'kept'))!;
    expect(alone.reading!.fields.open('a', field)).toBe('kept');
    expect(() => rotated.reading!.fields.reseal('b', before.reading!.fields.seal('a', 'kept'))).toThrow(expect.objectContaining({ code: 'SEAL_BROKEN' }));
  });

  it('leave pseudonyms as they are, also when the key that they follow from has gone', async () => {
    const rings = [await load(older), await load(`${current},${older}`), await load(`next:${next},${current},${older}`), await load(`${next},${current},${lastingOf(older)}`)];
    expect(new Set(rings.map(({ reading }) => reading!.fingerprints.visitor('user-1').toString('hex'))).size).toBe(1);
    expect(new Set(rings.map(({ reading }) => reading!.audit.pseudonym('user-1').toString('hex'))).size).toBe(1);
    expect(new Set(rings.map(({ reading }) => reading!.lastingId)).size).toBe(1);
    expect((await load(current)).reading!.lastingId).not.toBe(rings[0]!.reading!.lastingId);
  });
});

describe('a key that seals fields', () => {
  it('ends when it has sealed as often as it may, counted over all processes', async () => {
    const server = await startRedis();
    const redis = connect(server.url, 'failFast', 'test', () => undefined);
    try {
      const uses = [1, 2].map(() => new KeyUses(redis, 'uses', 'abcdef01'));
      for (const one of uses) for (let round = 0; round < 3000; round += 1) await one.take(1);
      expect(Number(await redis.hget('uses', 'abcdef01'))).toBeGreaterThanOrEqual(6000);
      expect(Number(await redis.hget('uses', 'abcdef01'))).toBeLessThan(6000 + 2 * 1026);
      await redis.hset('uses', 'abcdef01', MOST_USES - 500);
      await expect(uses[0]!.take(2000)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE', message: expect.stringContaining('docs/keys.md') });
      await new KeyUses(redis, 'uses', 'abcdef02').take(2000);
    } finally {
      redis.disconnect();
      await server.stop();
    }
  });
});

describe('processes whose lists differ', () => {
  const keys = createKeys('analytics:');
  let server: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = connect(server.url, 'failFast', 'test', () => undefined);
  });
  beforeEach(async () => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  const start = async (list: string) => checkKeyIdentity(redis, keys, await load(list));
  const startProducer = async (key: string) => checkKeyIdentity(redis, keys, keyRingFromPublicKey(Buffer.from((await load(key)).publicKey, 'base64')));

  it('start side by side through a rotation that nobody waits for', async () => {
    for (const list of [older, `next:${current},${older}`, older, `${current},${older}`, `next:${current},${older}`, `${current},${older}`]) await start(list);
    expect((await redis.hget(keys.keyIdentity, 'publicId'))!).toBe((await load(current)).publicId);
    await startProducer(older);
    await startProducer(current);
    await expect(startProducer(next)).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
  });

  it.each([
    ['lacks the key that others seal under by now', older, 'sealed to public key'],
    ['lacks a key that data may be wrapped by', `${current},${lastingOf(older)}`, 'may be wrapped by key'],
    ['has other pseudonyms', `${current},${older},${next}`, 'lasting'],
    ['has nothing in common with it', next, 'sealed to public key'],
  ])('are refused at start where one %s, and nothing changes', async (_, list, sentence) => {
    await start(older);
    await start(`${current},${older}`);
    const before = await redis.hgetall(keys.keyIdentity);
    await expect(start(list)).rejects.toMatchObject({ code: 'KEY_MISMATCH', message: expect.stringContaining(sentence) });
    expect(await redis.hgetall(keys.keyIdentity)).toEqual(before);
  });

  it('know of a key that an earlier version wrapped by, which noted nothing but the public one', async () => {
    await redis.hset(keys.keyIdentity, 'publicId', (await load(older)).publicId);
    await start(`${current},${older}`);
    await expect(start(`${current},${lastingOf(older)}`)).rejects.toMatchObject({ message: expect.stringContaining((await load(older)).reading!.held[0]!.keyEncryptionId) });
  });
});
