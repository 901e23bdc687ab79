import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import * as zlib from 'node:zlib';

import fc from 'fast-check';

import { clearForms } from './clearForms.js';
import { FormFinder } from './FormFinder.js';
import { startRedis } from './redis.js';
import { unwrapped, zstdDecompress } from './unwrapped.js';
import { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const canary = 'Mrs Canaryson née Wren, 1980-05-13 "at home" <7716>';
const finder = new FormFinder(clearForms(canary));

function isFound(bytes: Buffer): boolean {
  return [bytes, ...unwrapped(bytes)].some((one) => finder.find(one).size > 0);
}

/** Ways in which a text may be written that hide it from nobody. */
const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  plain: (text) => Buffer.from(text),
  json: (text) => Buffer.from(JSON.stringify(text)),
  'json, escaped': (text) => Buffer.from(Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')),
  url: (text) => Buffer.from(encodeURIComponent(text)),
  form: (text) => Buffer.from(new URLSearchParams({ q: text }).toString()),
  html: (text) => Buffer.from(text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')),
  hex: (text) => Buffer.from(Buffer.from(text).toString('hex')),
  HEX: (text) => Buffer.from(Buffer.from(text).toString('hex').toUpperCase()),
  'utf-16le': (text) => Buffer.from(text, 'utf16le'),
  'utf-16be': (text) => Buffer.from(text, 'utf16le').swap16(),
  'utf-16be in hex': (text) => Buffer.from(Buffer.from(text, 'utf16le').swap16().toString('hex')),
  base64: (text) => Buffer.from(Buffer.from(text).toString('base64')),
  'base64, one before': (text) => Buffer.from(Buffer.from(`"${text}"`).toString('base64')),
  'base64, two before': (text) => Buffer.from(Buffer.from(`{"${text}"}`).toString('base64')),
  base64url: (text) => Buffer.from(Buffer.from(`ÿ${text}`).toString('base64url')),
  latin1: (text) => Buffer.from(text, 'latin1'),
};

const compressions: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  none: (bytes) => bytes,
  gzip: (bytes) => zlib.gzipSync(bytes),
  zlib: (bytes) => zlib.deflateSync(bytes),
  deflate: (bytes) => zlib.deflateRawSync(bytes),
  brotli: (bytes) => zlib.brotliCompressSync(bytes),
  'hex of deflate': (bytes) => Buffer.from(zlib.deflateRawSync(bytes).toString('hex')),
  'base64 of deflate': (bytes) => Buffer.from(`{"c":"${zlib.deflateRawSync(bytes).toString('base64')}"}`),
  'base64 of brotli': (bytes) => Buffer.from(`{"c":"${zlib.brotliCompressSync(bytes).toString('base64')}"}`),
  'gzip of base64 of zlib': (bytes) => zlib.gzipSync(zlib.deflateSync(bytes).toString('base64')),
  ...(zstdDecompress === undefined ? {} : { zstd: (bytes: Buffer) => (Reflect.get(zlib, 'zstdCompressSync') as (given: Buffer) => Buffer)(bytes) }),
};

describe('the search for what lies open', () => {
  it.each(Object.keys(encodings))('finds a text written as %s, also compressed in every way, and wherever it stands', (name) => {
    for (const [how, compress] of Object.entries(compressions)) {
      const hidden = compress(encodings[name]!(canary)); // one of its keys
      expect([name, how, isFound(hidden)]).toEqual([name, how, true]);
      expect([name, how, isFound(Buffer.concat([hidden, randomBytes(300)]))]).toEqual([name, how, true]);
    }
  });

  it('finds what has a mark of its own in the midst of anything, and what has none behind a header', () => {
    for (const how of ['none', 'gzip', 'zlib', 'base64 of deflate'] as const) {
      const hidden = compressions[how]!(Buffer.from(canary)); // one of its keys
      expect([how, isFound(Buffer.concat([randomBytes(3000), Buffer.of(0), hidden, randomBytes(3000)]))]).toEqual([how, true]);
    }
    for (const header of [1, 8, 12, 13, 16, 28]) {
      for (const how of ['deflate', 'brotli'] as const) expect([how, header, isFound(Buffer.concat([Buffer.alloc(header, 0xa7), compressions[how]!(Buffer.from(canary))]))]).toEqual([how, header, true]);
    }
  });

  it('finds any text of some length, whatever it is and whatever stands round it', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 12, maxLength: 60 }).filter((one) => Buffer.from(one).length >= 12 && one.isWellFormed());
    const some = fc.uint8Array({ maxLength: 50 });
    fc.assert(
      fc.property(text, some, some, fc.constantFrom('plain', 'json', 'hex', 'utf-16le', 'base64', 'base64, one before', 'base64, two before'), (given, before, after, name) => {
        const own = new FormFinder(clearForms(given));
        expect(own.find(Buffer.concat([before, encodings[name]!(given), after])).size).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });

  it('finds what Redis compressed by itself, in its dump', async () => {
    const server = await startRedis({ args: ['--rdbcompression', 'yes'] });
    const redis = new Redis(server.url);
    await redis.set('of much that is alike', `${canary} `.repeat(40));
    await redis.save();
    const dump = readFileSync(join(server.dir, 'dump.rdb'));
    redis.disconnect();
    await server.stop();
    // One copy stands in it as it is: the others are left out, and so is that one by turning its first letter round.
    expect(isFound(dump)).toBe(true);
    const packed = dump.subarray(dump.indexOf(0xc3));
    expect(unwrapped(packed).some((one) => one.includes(canary.repeat(1)) && one.length > 1000)).toBe(true);
  });

  it('finds nothing in noise, and nothing of another text', () => {
    expect(isFound(randomBytes(20_000))).toBe(false);
    expect(isFound(zlib.gzipSync(Buffer.from(canary.replaceAll('a', 'e'))))).toBe(false);
  });
});
