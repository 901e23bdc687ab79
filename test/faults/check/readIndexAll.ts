import type { ChunkIndexEntry } from '../../../src/storage/ChunkIndexEntry.js';
import type { EventReader } from '../../../src/storage/EventReader.js';

/** All entries of a type's index. */
export async function readIndexAll(reader: EventReader, type: string): Promise<ChunkIndexEntry[]> {
  const entries: ChunkIndexEntry[] = [];
  for await (const entry of reader.index(type, { from: -Infinity, to: Infinity, order: 'asc' })) entries.push(entry);
  return entries;
}
