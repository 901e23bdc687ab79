import { createHmac, timingSafeEqual } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { ByteReader } from '../../codec/columns/ByteReader.js';
import { ByteWriter } from '../../codec/columns/ByteWriter.js';
import { KeyError } from '../../errors/KeyError.js';
import { openBytes, sealBytes } from '../../security/aead.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import { takeRandom } from '../../security/takeRandom.js';
import type { AuditContent } from '../AuditRecord.js';
import { malformed } from './malformed.js';
import { readRow, writeRow } from './rowCodec.js';
import { skimRows, type RowSketch } from './skimRows.js';

/** Records that follow each other, as they are stored: those of one append, or a block that many appends were packed into. */
export interface Element {
  /** Number of the first. */
  readonly firstSeq: number;
  /** The hash of the record before them, in hex; of an append its first 8 bytes only, which the seal makes enough. */
  readonly link: string;
  readonly contents: readonly AuditContent[];
}

/** An element that was opened, and not taken apart yet. */
export interface OpenedElement {
  readonly firstSeq: number;
  readonly isBlock: boolean;
  readonly plain: Buffer;
}

/** What a block says in clear, which its mark makes as good as if it were sealed: queries and clean-up go by it without opening the block. */
export interface BlockHeader {
  readonly firstSeq: number;
  readonly count: number;
  /** When its first and its last record were written, ms since 1970. */
  readonly earliest: number;
  readonly latest: number;
  /** Whether everything before it was removed for its age. Of a chain whose first block says nothing of it, blocks are missing. */
  readonly isFirstKept: boolean;
}

const APPEND = 1;
const BLOCK = 2;
/** A block before which everything was removed for its age. */
const FIRST_KEPT_BLOCK = 3;
const KEY_ID_BYTES = 4;
const SEQ_BYTES = 6;
const RANDOM_BYTES = 8;
const HEADER_BYTES = 1 + KEY_ID_BYTES + SEQ_BYTES + RANDOM_BYTES;
/** Behind that a block has how many records it holds, and when the first and the last were written. */
const BLOCK_FIELDS_BYTES = HEADER_BYTES + 3 * SEQ_BYTES;
/** Of an HMAC, over chain and header. */
const MARK_BYTES = 16;
const BLOCK_HEADER_BYTES = BLOCK_FIELDS_BYTES + MARK_BYTES;
const LINK_BYTES = 8;
const HASH_BYTES = 32;
/** Records under one key. */
const SPAN = 2 ** 20;
const LARGEST_PLAIN = 64 * 2 ** 20;

/**
 * Seals records as one element of a chain: format, key id, number of the first, random bytes, then AES-256-GCM. The nonce is
 * the number and the random bytes; chain and header are bound in. A lone record takes 80 bytes or so.
 */
export function sealAppend(keys: AuditKeys, chain: string, { firstSeq, link, contents }: Element): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(header, APPEND, keys, firstSeq);
  return seal(keys, chain, header, layOut(link.slice(0, 2 * LINK_BYTES), contents));
}

/** The same of many, compressed: some 20 bytes a record. `isFirstKept`: see `BlockHeader`. */
export function sealBlock(keys: AuditKeys, chain: string, { firstSeq, link, contents }: Element, { isFirstKept = false }: { readonly isFirstKept?: boolean } = {}): Buffer {
  const header = Buffer.allocUnsafe(BLOCK_HEADER_BYTES);
  writeHeader(header, isFirstKept ? FIRST_KEPT_BLOCK : BLOCK, keys, firstSeq);
  // Clocks of several writers: neither is at an end for sure.
  const times = contents.map(({ at }) => at);
  header.writeUIntBE(contents.length, HEADER_BYTES, SEQ_BYTES);
  header.writeUIntBE(Math.min(...times), HEADER_BYTES + SEQ_BYTES, SEQ_BYTES);
  header.writeUIntBE(Math.max(...times), HEADER_BYTES + 2 * SEQ_BYTES, SEQ_BYTES);
  markOf(keys, chain, header).copy(header, BLOCK_FIELDS_BYTES);
  return seal(keys, chain, header, deflateRawSync(layOut(link, contents)));
}

/**
 * What a block says of itself, for much less than opening it takes; undefined of an append.
 * @throws KeyError `KEY_UNAVAILABLE`, `SEAL_BROKEN`; AnalyticsError `STORE_INCONSISTENT`
 */
export function blockHeader(keys: AuditKeys, chain: string, bytes: Buffer): BlockHeader | undefined {
  if (!isBlockFormat(bytes)) return undefined;
  const header = headerOf(keys, bytes);
  if (!timingSafeEqual(markOf(keys, chain, header), header.subarray(BLOCK_FIELDS_BYTES))) throw new KeyError('SEAL_BROKEN', 'The head of a block of audit records was changed or moved.');
  return {
    firstSeq: firstSeqOf(header),
    count: header.readUIntBE(HEADER_BYTES, SEQ_BYTES),
    earliest: header.readUIntBE(HEADER_BYTES + SEQ_BYTES, SEQ_BYTES),
    latest: header.readUIntBE(HEADER_BYTES + 2 * SEQ_BYTES, SEQ_BYTES),
    isFirstKept: header[0] === FIRST_KEPT_BLOCK,
  };
}

/** @throws KeyError `KEY_UNAVAILABLE`, `SEAL_BROKEN`; AnalyticsError `STORE_INCONSISTENT` */
export function openElement(keys: AuditKeys, chain: string, bytes: Buffer): OpenedElement {
  const isBlock = isBlockFormat(bytes);
  const header = headerOf(keys, bytes);
  const plain = openBytes(keyOf(keys, chain, header), nonceOf(header), bytes.subarray(header.length), contextOf(chain, header), 'An audit record');
  return { firstSeq: firstSeqOf(bytes), isBlock, plain: isBlock ? inflate(plain) : plain };
}

/** @throws AnalyticsError `STORE_INCONSISTENT` */
export function readElement({ firstSeq, isBlock, plain }: OpenedElement): Element {
  const reader = new ByteReader(plain);
  const link = reader.bytes(isBlock ? HASH_BYTES : LINK_BYTES).toString('hex');
  const count = reader.unsigned();
  const earliest = reader.unsigned();
  const contents: AuditContent[] = [];
  for (let place = 0; place < count; place++) contents.push(readRow(reader, earliest));
  reader.end();
  return { firstSeq, link, contents };
}

/** The number of the first record in a sealed element; 0 where there is none. */
export function firstSeqOf(bytes: Buffer): number {
  return bytes.length < HEADER_BYTES ? 0 : bytes.readUIntBE(1 + KEY_ID_BYTES, SEQ_BYTES);
}

/** How many records an opened element has. */
export function countOf({ isBlock, plain }: OpenedElement): number {
  return new ByteReader(plain.subarray(isBlock ? HASH_BYTES : LINK_BYTES)).unsigned();
}

/** A record and its place in its element, from 0. */
export interface PlacedContent {
  readonly place: number;
  readonly content: AuditContent;
}

/** The records of an opened element that may be wanted, and some that are not. @throws AnalyticsError `STORE_INCONSISTENT` */
export function skimElement({ isBlock, plain }: OpenedElement, sketch: RowSketch): PlacedContent[] {
  const reader = new ByteReader(plain);
  reader.bytes(isBlock ? HASH_BYTES : LINK_BYTES);
  const count = reader.unsigned();
  const earliest = reader.unsigned();
  const at = plain.length - reader.rest().length;
  return skimRows(plain, { at, count, earliest }, sketch).map(({ place, start, end }) => ({ place, content: readRow(new ByteReader(plain.subarray(start, end)), earliest) }));
}

function isBlockFormat(bytes: Buffer): boolean {
  return bytes[0] === BLOCK || bytes[0] === FIRST_KEPT_BLOCK;
}

/** The header, of a form and under keys that this process knows. */
function headerOf(keys: AuditKeys, bytes: Buffer): Buffer {
  const length = isBlockFormat(bytes) ? BLOCK_HEADER_BYTES : HEADER_BYTES;
  if ((!isBlockFormat(bytes) && bytes[0] !== APPEND) || bytes.length < length) throw malformed('it has a form that this version does not know');
  if (!bytes.subarray(1, 1 + KEY_ID_BYTES).equals(keys.id)) {
    throw new KeyError('KEY_UNAVAILABLE', `An audit record was sealed under key ${bytes.toString('hex', 1, 1 + KEY_ID_BYTES)}; this process holds ${keys.id.toString('hex')}.`);
  }
  return bytes.subarray(0, length);
}

function markOf(keys: AuditKeys, chain: string, header: Buffer): Buffer {
  const key = keys.spanKey('heads', chain, Math.floor(firstSeqOf(header) / SPAN));
  return createHmac('sha256', key).update(contextOf(chain, header.subarray(0, BLOCK_FIELDS_BYTES))).digest().subarray(0, MARK_BYTES);
}

function writeHeader(header: Buffer, format: number, keys: AuditKeys, firstSeq: number): void {
  header[0] = format;
  keys.id.copy(header, 1);
  header.writeUIntBE(firstSeq, 1 + KEY_ID_BYTES, SEQ_BYTES);
  takeRandom(RANDOM_BYTES).copy(header, HEADER_BYTES - RANDOM_BYTES);
}

function layOut(link: string, contents: readonly AuditContent[]): Buffer {
  const earliest = contents[0]?.at ?? 0;
  const writer = new ByteWriter(64 + 48 * contents.length);
  writer.bytes(Buffer.from(link, 'hex'));
  writer.unsigned(contents.length);
  writer.unsigned(earliest);
  for (const content of contents) writeRow(writer, content, earliest);
  return writer.done();
}

function seal(keys: AuditKeys, chain: string, header: Buffer, plain: Buffer): Buffer {
  return Buffer.concat([header, sealBytes(keyOf(keys, chain, header), nonceOf(header), plain, contextOf(chain, header))]);
}

function inflate(bytes: Buffer): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: LARGEST_PLAIN });
  } catch {
    throw malformed('it cannot be unpacked');
  }
}

function keyOf(keys: AuditKeys, chain: string, header: Buffer): Buffer {
  return keys.spanKey(isBlockFormat(header) ? 'blocks' : 'records', chain, Math.floor(firstSeqOf(header) / SPAN));
}

/** 12 bytes: the number's lowest 4 and the random ones. Two appends compete for one number only when two processes meet. */
function nonceOf(header: Buffer): Buffer {
  return header.subarray(HEADER_BYTES - RANDOM_BYTES - 4, HEADER_BYTES);
}

function contextOf(chain: string, header: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`analytics audit|${chain}|`), header]);
}
