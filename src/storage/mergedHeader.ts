import { HOUR_MS } from '../codec/hours.js';
import type { ChunkEntry, ChunkIndexEntry } from './ChunkIndexEntry.js';

/** No small chunk begins with it: that would be an offset of 10^64. */
const LAYOUT = 0x4d;
const HEADER_BYTES = 1 + 4 + 3 + 3 + 3 + 1;

/**
 * What stands in clear before the head of a merged chunk: enough to open it by its id alone. Layout (1 byte), UTC hour
 * (4), earliest and latest time as ms into it (3 each), count (3), blocks (1).
 */
export function encodeMergedHeader({ hour, earliest, latest, count, blocks }: Omit<ChunkIndexEntry, 'chunkId'>): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  bytes.writeUInt8(LAYOUT, 0);
  bytes.writeInt32BE(hour, 1);
  bytes.writeUIntBE(earliest - hour * HOUR_MS, 5, 3);
  bytes.writeUIntBE(latest - hour * HOUR_MS, 8, 3);
  bytes.writeUIntBE(count, 11, 3);
  bytes.writeUInt8(blocks, 14);
  return bytes;
}

/** What a chunk's own field says of it; undefined for a small chunk, which only its index or feed entry tells of. */
export function decodeMergedHeader(chunkId: Buffer, stored: Buffer): ChunkIndexEntry | undefined {
  if (stored.length < HEADER_BYTES || stored[0] !== LAYOUT) return undefined;
  const hour = stored.readInt32BE(1);
  const place: ChunkEntry = {
    chunkId,
    hour,
    earliest: hour * HOUR_MS + stored.readUIntBE(5, 3),
    latest: hour * HOUR_MS + stored.readUIntBE(8, 3),
    count: stored.readUIntBE(11, 3),
  };
  return { ...place, blocks: stored[14]! };
}

/** The sealed head. */
export function withoutHeader(stored: Buffer): Buffer {
  return stored.subarray(HEADER_BYTES);
}
