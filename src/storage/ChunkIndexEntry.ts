import { HOUR_MS, hourOf } from '../codec/hours.js';

const ID_BYTES = 16;
const ENTRY_BYTES = ID_BYTES + 3 + 3;

/** What opening a chunk takes to know. */
export interface ChunkEntry {
  readonly chunkId: Buffer;
  readonly hour: number;
  readonly earliest: number;
  readonly latest: number;
  readonly count: number;
}

/** What the time index says of a chunk; the latest time is its score. */
export interface ChunkIndexEntry extends ChunkEntry {
  /** Fields that a merged chunk rests in, its head's included, so that a script can remove them unopened; 0 for a small chunk. */
  readonly blocks: number;
}

/**
 * Chunk id (16 bytes), earliest time as ms into the hour (3), count (3), and for a merged chunk the number of its blocks
 * (1): the same bytes whenever it is written again.
 */
export function encodeIndexEntry(entry: Omit<ChunkEntry, 'latest'> & { readonly blocks?: number }): Buffer {
  const { blocks = 0 } = entry;
  const bytes = Buffer.allocUnsafe(blocks === 0 ? ENTRY_BYTES : ENTRY_BYTES + 1);
  bytes.set(entry.chunkId, 0);
  bytes.writeUIntBE(entry.earliest - entry.hour * HOUR_MS, ID_BYTES, 3);
  bytes.writeUIntBE(entry.count, ID_BYTES + 3, 3);
  if (blocks !== 0) bytes.writeUInt8(blocks, ENTRY_BYTES);
  return bytes;
}

export function decodeIndexEntry(member: Buffer, latest: number): ChunkIndexEntry {
  const hour = hourOf(latest);
  return {
    chunkId: member.subarray(0, ID_BYTES),
    hour,
    earliest: hour * HOUR_MS + member.readUIntBE(ID_BYTES, 3),
    latest,
    count: member.readUIntBE(ID_BYTES + 3, 3),
    blocks: member.length > ENTRY_BYTES ? member[ENTRY_BYTES]! : 0,
  };
}
