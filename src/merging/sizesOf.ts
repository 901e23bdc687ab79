import { blockField, type SeriesKeys } from '../redis/keys.js';
import { pipelineOf } from '../redis/pipelineOf.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { ChunkIndexEntry } from '../storage/ChunkIndexEntry.js';

const WRAPPED_KEY_BYTES = 44;
/** Chunks asked for at once. */
const PAGE = 1000;

/** Bytes of each chunk and its key, in the order of the entries. */
export async function sizesOf(redis: RedisClient, { chunks }: SeriesKeys, entries: readonly ChunkIndexEntry[]): Promise<number[]> {
  const sizes: number[] = [];
  for (let from = 0; from < entries.length; from += PAGE) {
    const page = entries.slice(from, from + PAGE);
    const pipeline = pipelineOf(redis);
    const places = page.flatMap((entry, place) => fieldsOf(entry).map((field) => ({ place, field })));
    for (const { field } of places) pipeline.hstrlen(chunks, field);
    const found = page.map(() => WRAPPED_KEY_BYTES);
    for (const [index, [error, length]] of ((await pipeline.exec()) ?? []).entries()) {
      if (error) throw error;
      found[places[index]!.place]! += Number(length);
    }
    sizes.push(...found);
  }
  return sizes;
}

/** The fields that a chunk rests in. */
function fieldsOf({ chunkId, blocks }: ChunkIndexEntry): Buffer[] {
  return [chunkId, ...Array.from({ length: Math.max(blocks - 1, 0) }, (_, block) => blockField(chunkId, block))];
}
