import * as zlib from 'node:zlib';

import { decompressLzf } from './decompressLzf.js';

/** A header, a nonce, a length: what may stand before something compressed that has no mark of its own to be found by. */
const MOST_HEADER_BYTES = 40;
/** brotli has no mark at all, and a try takes long: only where a length, a nonce, an id or a seal would end. */
const BROTLI_PLACES = [0, 1, 4, 8, 12, 16, 28];
/** Too little to hold a compressed canary with anything round it. */
const LEAST_BYTES = 20;
const MOST_OUTPUT = 1 << 20;
/** Nobody wraps deeper by accident. */
const MOST_DEPTH = 4;

type Zstd = (bytes: Uint8Array, options: object) => Buffer;
/** Node has it from 22.15 on; before that nothing that we run can compress by it either. */
export const zstdDecompress = Reflect.get(zlib, 'zstdDecompressSync') as Zstd | undefined; // absent from the types of Node 20

/**
 * Everything that comes out of `bytes` if they are no more than encoded or compressed: what base64 and hex in them stand
 * for, and what gzip, zlib, zstd and Redis's LZF come to, wherever they begin; raw deflate, LZF and brotli, which have no
 * mark, where a header of up to 40 bytes ends. Round each other too, as long as there is an encoding between two compressions.
 *
 * A scan for text alone would take compressed for sealed.
 */
export function unwrapped(bytes: Buffer, depth = MOST_DEPTH): Buffer[] {
  if (depth <= 0 || bytes.length < LEAST_BYTES) return [];
  return [...decoded(bytes).flatMap((inner) => [inner, ...unwrapped(inner, depth - 1)]), ...decompressed(bytes, depth)];
}

/** Most of it is what noise happens to come to: it is searched, and gone into only for what is encoded in it. */
function decompressed(bytes: Buffer, depth: number): Buffer[] {
  const texts = [...marked(bytes), ...unmarked(bytes)];
  return [...texts, ...texts.flatMap(decoded).flatMap((inner) => [inner, ...unwrapped(inner, depth - 2)])];
}

function decoded(bytes: Buffer): Buffer[] {
  const text = bytes.toString('latin1');
  const base64 = text.match(/[A-Za-z0-9+/_-]{24,}/g) ?? [];
  const hex = text.match(/(?:[0-9A-Fa-f]{2}){16,}/g) ?? [];
  return [...base64.map((word) => Buffer.from(word, 'base64')), ...hex.map((word) => Buffer.from(word, 'hex'))];
}

/** What begins with a mark. */
function marked(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + LEAST_BYTES <= bytes.length; at += 1) {
    const first = bytes[at]!;
    if ((first & 0x8f) === 0x08 && ((first << 8) | bytes[at + 1]!) % 31 === 0) found.push(...inflated(bytes.subarray(at + 2)));
    else if (first === 0x1f && bytes[at + 1] === 0x8b) found.push(...inflated(bytes.subarray(endOfGzipHeader(bytes, at))));
    else if (first === 0x28 && bytes.readUInt32BE(at) === 0x28b52ffd && zstdDecompress !== undefined) {
      found.push(...tried(() => zstdDecompress!(bytes.subarray(at), { maxOutputLength: MOST_OUTPUT })));
    } else if (first === 0xc3) found.push(...lzfString(bytes, at));
  }
  return found;
}

function unmarked(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  if (isPrintable(bytes)) return found;
  const end = Math.min(MOST_HEADER_BYTES, bytes.length - LEAST_BYTES + 1);
  for (let at = 0; at < end; at += 1) {
    const rest = bytes.subarray(at);
    found.push(...inflated(rest), ...textOf(decompressLzf(rest, MOST_OUTPUT)));
    if (BROTLI_PLACES.includes(at)) found.push(...tried(() => zlib.brotliDecompressSync(rest, { finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH, chunkSize: CHUNK, maxOutputLength: MOST_OUTPUT })));
  }
  return found;
}

/** Nothing compressed is: of its first 40 bytes some are no printable ASCII. */
function isPrintable(bytes: Buffer): boolean {
  for (let at = 0; at < MOST_HEADER_BYTES && at < bytes.length; at += 1) if (bytes[at]! < 0x20 || bytes[at]! > 0x7e) return false;
  return true;
}

/** Small pieces: most tries come to a few bytes, and 16 kB for each would be thrown away at once. */
const CHUNK = 1024;
const partial = { finishFlush: zlib.constants.Z_SYNC_FLUSH, chunkSize: CHUNK, maxOutputLength: MOST_OUTPUT };

/** Without its end, where a checksum may stand before something else than another member. */
function endOfGzipHeader(bytes: Buffer, at: number): number {
  const hasName = (bytes[at + 3]! & 8) !== 0;
  return hasName ? bytes.indexOf(0, at + 10) + 1 : at + 10;
}

/** Raw deflate. Blocks that are only stored are read by everybody, so they need no look. */
function inflated(bytes: Buffer): Buffer[] {
  if (bytes.length < 2) return [];
  const type = (bytes[0]! >> 1) & 3;
  if (type === 1 || (type === 2 && (bytes[0]! >> 3) <= 29 && (bytes[1]! & 31) <= 29)) return tried(() => zlib.inflateRawSync(bytes, partial));
  return [];
}

/** How Redis writes a string that it compressed into a dump: both lengths in its own form. */
function lzfString(bytes: Buffer, at: number): Buffer[] {
  const packed = lengthAt(bytes, at + 1);
  const whole = packed && lengthAt(bytes, packed.end);
  if (packed === undefined || whole === undefined || packed.length > bytes.length - whole.end || whole.length > MOST_OUTPUT) return [];
  return textOf(decompressLzf(bytes.subarray(whole.end, whole.end + packed.length), MOST_OUTPUT));
}

function lengthAt(bytes: Buffer, at: number): { readonly length: number; readonly end: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first >> 6 === 0) return { length: first, end: at + 1 };
  if (first >> 6 === 1 && at + 1 < bytes.length) return { length: ((first & 63) << 8) | bytes[at + 1]!, end: at + 2 };
  if (first === 0x80 && at + 4 < bytes.length) return { length: bytes.readUInt32BE(at + 1), end: at + 5 };
  return undefined;
}

/** Node's own: under jest another one than ours. */
const NodeError = ((): ErrorConstructor => {
  try {
    zlib.inflateRawSync(Buffer.of(7));
  } catch (error) {
    return (error as Error).constructor as ErrorConstructor; // zlib throws nothing else
  }
  return Error;
})();

function tried(decompress: () => Buffer): Buffer[] {
  const limit = NodeError.stackTraceLimit;
  // Most tries fail, and a stack takes many times as long as the try.
  NodeError.stackTraceLimit = 0;
  try {
    return textOf(decompress());
  } catch {
    return [];
  } finally {
    NodeError.stackTraceLimit = limit;
  }
}

function textOf(bytes: Buffer | undefined): Buffer[] {
  return bytes === undefined || bytes.length < 8 ? [] : [bytes];
}
