/** Bytes of a record: hash (8), day of storing (2), and of an id the chunk's (4). */
export const SEEN_RECORD_BYTES = { event: 14, batch: 10 } as const;

/** The bucket of a hash among so many: linear hashing, as storeEventChunk.lua does it. */
export function seenBucket(hash: Buffer, buckets: number): number {
  let size = 1;
  while (size < buckets) size *= 2;
  const bucket = hash.readUInt32BE(0) % size;
  return bucket < buckets ? bucket : bucket - size / 2;
}

/** What follows the hash in its record, or undefined if there is none. */
export function findSeenRecord(records: Buffer, hash: Buffer, recordBytes: number): Buffer | undefined {
  for (let at = records.indexOf(hash); at !== -1; at = records.indexOf(hash, at + 1)) {
    if (at % recordBytes === 0) return records.subarray(at + hash.length, at + recordBytes);
  }
  return undefined;
}
