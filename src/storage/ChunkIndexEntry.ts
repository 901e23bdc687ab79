import { HOUR_MS, hourOf } from '../codec/hours.js';

const ID_BYTES = 16;
const ENTRY_BYTES = ID_BYTES + 3 + 3;

/** What the time index says of a chunk; the latest time is its score. */
export interface ChunkIndexEntry {
  readonly chunkId: Buffer;
  readonly hour: number;
  readonly earliest: number;
  readonly latest: number;
  readonly count: number;
}

/** Chunk id (16 bytes), earliest time as ms into the hour (3), count (3): the same bytes whenever it is written again. */
export function encodeIndexEntry(entry: Omit<ChunkIndexEntry, 'latest'>): Buffer {
  const bytes = Buffer.allocUnsafe(ENTRY_BYTES);
  bytes.set(entry.chunkId, 0);
  bytes.writeUIntBE(entry.earliest - entry.hour * HOUR_MS, ID_BYTES, 3);
  bytes.writeUIntBE(entry.count, ID_BYTES + 3, 3);
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
  };
}
