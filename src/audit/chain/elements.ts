import { ByteReader } from '../../codec/columns/ByteReader.js';
import { ByteWriter } from '../../codec/columns/ByteWriter.js';
import { malformed } from '../../codec/columns/malformed.js';
import { KeyError } from '../../errors/KeyError.js';
import { openBytes, sealBytes } from '../../security/aead.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import { takeRandom } from '../../security/takeRandom.js';
import type { AuditContent } from '../AuditRecord.js';
import { readRow, writeRow } from './rowCodec.js';

/** What one append put into a chain: some records. */
export interface Element {
  readonly firstSeq: number;
  /** The first bytes of the hash of the record before them. */
  readonly link: Buffer;
  readonly contents: readonly AuditContent[];
}

const FORMAT = 1;
const KEY_ID_BYTES = 4;
const SEQ_BYTES = 6;
const RANDOM_BYTES = 8;
const HEADER_BYTES = 1 + KEY_ID_BYTES + SEQ_BYTES + RANDOM_BYTES;
export const LINK_BYTES = 8;
/** Records under one key. */
const SPAN = 2 ** 20;

/**
 * Seals records as one element of a chain: format, key id, number of the first, random bytes, then AES-256-GCM. The nonce is
 * the number and the random bytes; chain and header are bound in. A lone record takes 80 bytes or so.
 */
export function sealElement(keys: AuditKeys, chain: string, { firstSeq, link, contents }: Element): Buffer {
  const earliest = contents[0]?.at ?? 0;
  const writer = new ByteWriter(32 + 64 * contents.length);
  writer.bytes(link);
  writer.unsigned(contents.length);
  writer.unsigned(earliest);
  for (const content of contents) writeRow(writer, content, earliest);

  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header[0] = FORMAT;
  keys.id.copy(header, 1);
  header.writeUIntBE(firstSeq, 1 + KEY_ID_BYTES, SEQ_BYTES);
  takeRandom(RANDOM_BYTES).copy(header, HEADER_BYTES - RANDOM_BYTES);
  return Buffer.concat([header, sealBytes(spanKey(keys, chain, firstSeq), nonceOf(header), writer.done(), contextOf(chain, header))]);
}

/** @throws KeyError `KEY_UNAVAILABLE`, `SEAL_BROKEN`; AnalyticsError `STORE_INCONSISTENT` */
export function openElement(keys: AuditKeys, chain: string, bytes: Buffer): Element {
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT) throw malformed('an element of an audit chain has a format that this version does not know');
  if (!bytes.subarray(1, 1 + KEY_ID_BYTES).equals(keys.id)) {
    throw new KeyError('KEY_UNAVAILABLE', `An audit record was sealed under key ${bytes.toString('hex', 1, 1 + KEY_ID_BYTES)}; this process holds ${keys.id.toString('hex')}.`);
  }
  const header = bytes.subarray(0, HEADER_BYTES);
  const firstSeq = firstSeqOf(bytes);
  const reader = new ByteReader(openBytes(spanKey(keys, chain, firstSeq), nonceOf(header), bytes.subarray(HEADER_BYTES), contextOf(chain, header), 'An audit record'));
  const link = reader.bytes(LINK_BYTES);
  const count = reader.unsigned();
  const earliest = reader.unsigned();
  const contents: AuditContent[] = [];
  for (let place = 0; place < count; place++) contents.push(readRow(reader, earliest));
  reader.end();
  return { firstSeq, link, contents };
}

/** The number of the first record in a sealed element. */
export function firstSeqOf(bytes: Buffer): number {
  return bytes.readUIntBE(1 + KEY_ID_BYTES, SEQ_BYTES);
}

function spanKey(keys: AuditKeys, chain: string, firstSeq: number): Buffer {
  return keys.spanKey('records', chain, Math.floor(firstSeq / SPAN));
}

/** 12 bytes: the number's lowest 4 and the random ones. Two appends compete for one number only when two processes meet. */
function nonceOf(header: Buffer): Buffer {
  return header.subarray(HEADER_BYTES - RANDOM_BYTES - 4);
}

function contextOf(chain: string, header: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`analytics audit|${chain}|`), header]);
}
