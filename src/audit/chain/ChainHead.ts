import { FIRST_PREVIOUS } from '../AuditRecord.js';

/** Where a chain ends. */
export interface ChainHead {
  /** Number of the last record; 0 of a chain that has none yet. */
  readonly seq: number;
  /** When it was written, ms since 1970. */
  readonly at: number;
  /** Its hash, in hex. */
  readonly hash: string;
}

const NUMBER_BYTES = 6;
const HEAD_BYTES = 2 * NUMBER_BYTES + 32;

export const NO_HEAD: ChainHead = { seq: 0, at: 0, hash: FIRST_PREVIOUS };

/** 44 bytes: number (6), time (6), hash. */
export function encodeHead({ seq, at, hash }: ChainHead): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES);
  bytes.writeUIntBE(seq, 0, NUMBER_BYTES);
  bytes.writeUIntBE(at, NUMBER_BYTES, NUMBER_BYTES);
  bytes.write(hash, 2 * NUMBER_BYTES, 'hex');
  return bytes;
}

/** @returns undefined for what is no head */
export function decodeHead(bytes: Buffer): ChainHead | undefined {
  if (bytes.length !== HEAD_BYTES) return undefined;
  return { seq: bytes.readUIntBE(0, NUMBER_BYTES), at: bytes.readUIntBE(NUMBER_BYTES, NUMBER_BYTES), hash: bytes.toString('hex', 2 * NUMBER_BYTES) };
}
