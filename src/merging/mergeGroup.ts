import type { StoredEvent } from '../codec/columns/StoredEvent.js';
import { blockField } from '../redis/keys.js';
import { Breath } from '../storage/Breath.js';
import type { ChunkIndexEntry } from '../storage/ChunkIndexEntry.js';
import type { EventReader } from '../storage/EventReader.js';
import { sealEventChunk, swapEventChunks, type SealedEventChunk } from '../storage/swapEventChunks.js';
import type { MergeRun } from './MergeRun.js';
import type { MergeGroup } from './planHour.js';

/** Events of a merged chunk. */
const CHUNK_EVENTS = 2000;
/** Sealed bytes of a merged chunk, about, and of what one swap replaces: events of 32 kB must not make chunks of 60 MB. */
const CHUNK_BYTES = 1024 * 1024;
const GROUP_BYTES = 4 * 1024 * 1024;
const WRAPPED_KEY_BYTES = 44;

/** What merging one group changed. */
export interface MergedGroup {
  readonly chunksIn: number;
  readonly chunksOut: number;
  readonly events: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * Merges chunks of one hour: reads them, sorts their events by time and offset, and puts chunks of about 2,000 in their
 * place. Killed at any point it has done all of that or nothing.
 *
 * @returns one result for each swap; none where another merge, or the clean-up, came first
 * @throws KeyError when a chunk does not open
 */
export async function mergeGroup(run: MergeRun, reader: EventReader, type: string, hour: number, group: MergeGroup): Promise<MergedGroup[]> {
  const sizes = await sizesOf(run, type, group);
  const bytesBefore = sizes.reduce((sum, size) => sum + size, 0);
  if (bytesBefore > GROUP_BYTES && group.length > 1) {
    const half = group.length >> 1;
    return [...(await mergeGroup(run, reader, type, hour, group.slice(0, half))), ...(await mergeGroup(run, reader, type, hour, group.slice(half)))];
  }
  const tables = await reader.load(type, group, 'all');
  if (tables.includes(undefined)) return [];
  const events = tables.flatMap((table) => table!.storedEvents()); // none is undefined
  events.sort((one, other) => one.timestamp - other.timestamp || one.offset - other.offset);

  const parts = Math.max(1, Math.round(events.length / CHUNK_EVENTS), Math.ceil(bytesBefore / CHUNK_BYTES));
  const chunks: SealedEventChunk[] = [];
  const breath = new Breath();
  for (const part of evenParts(events, parts)) {
    chunks.push(sealEventChunk(type, hour, part, run.secrets));
    await breath.take();
  }
  const isDone = await swapEventChunks(run.redis, run.keys, { type, hour, replaced: group, chunks, now: run.now() });
  if (!isDone) return [];
  return [
    {
      chunksIn: group.length,
      chunksOut: chunks.length,
      events: events.length,
      bytesBefore,
      bytesAfter: chunks.reduce((sum, chunk) => sum + bytesOf(chunk), 0),
    },
  ];
}

function bytesOf({ wrappedKey, head, blocks }: SealedEventChunk): number {
  return blocks.reduce((sum, block) => sum + block.length, head.length + wrappedKey.length);
}

/** Bytes of each chunk with its key. */
async function sizesOf({ redis, keys }: MergeRun, type: string, group: MergeGroup): Promise<number[]> {
  const { chunks } = keys.event(type);
  const pipeline = redis.pipeline();
  const places = group.flatMap((entry, place) => fieldsOf(entry).map((field) => ({ place, field })));
  for (const { field } of places) pipeline.hstrlen(chunks, field);
  const sizes = group.map(() => WRAPPED_KEY_BYTES);
  for (const [index, [error, length]] of ((await pipeline.exec()) ?? []).entries()) {
    if (error) throw error;
    sizes[places[index]!.place]! += Number(length);
  }
  return sizes;
}

function fieldsOf({ chunkId, blocks }: ChunkIndexEntry): Buffer[] {
  return [chunkId, ...Array.from({ length: Math.max(blocks - 1, 0) }, (_, block) => blockField(chunkId, block))];
}

function* evenParts(events: readonly StoredEvent[], parts: number): Generator<StoredEvent[]> {
  for (let part = 0; part < parts; part += 1) {
    const from = Math.floor((events.length * part) / parts);
    const to = Math.floor((events.length * (part + 1)) / parts);
    if (to > from) yield events.slice(from, to);
  }
}
