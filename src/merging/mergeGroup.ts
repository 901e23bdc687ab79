import type { StoredEvent } from '../codec/columns/StoredEvent.js';
import { Breath } from '../storage/Breath.js';
import type { EventReader } from '../storage/EventReader.js';
import { bytesOfChunk, type MergedChunk } from '../storage/swapChunks.js';
import { sealEventChunk, swapEventChunks } from '../storage/swapEventChunks.js';
import type { MergeRun } from './MergeRun.js';
import type { SwapReport } from './mergeStatus.js';
import { CHUNK_BYTES, CHUNK_EVENTS, type MergeCandidate } from './planMerge.js';

/**
 * Merges chunks of one hour: reads them, sorts their events by time and offset, and puts chunks of about 2,000 in their
 * place. Killed at any point it has done all of that or nothing.
 *
 * @returns undefined where another merge, or the clean-up, came first
 * @throws KeyError when a chunk does not open
 */
export async function mergeGroup(
  { redis, keys, secrets, now }: MergeRun,
  reader: EventReader,
  type: string,
  hour: number,
  group: readonly MergeCandidate[],
): Promise<SwapReport | undefined> {
  const replaced = group.map(({ entry }) => entry);
  const tables = await reader.load(type, replaced, 'all');
  if (tables.includes(undefined)) return undefined;
  const events = tables.flatMap((table) => table!.storedEvents()); // none is undefined
  events.sort((one, other) => one.timestamp - other.timestamp || one.offset - other.offset);

  const bytesBefore = group.reduce((sum, { bytes }) => sum + bytes, 0);
  const parts = Math.max(1, Math.round(events.length / CHUNK_EVENTS), Math.ceil(bytesBefore / CHUNK_BYTES));
  const chunks: MergedChunk[] = [];
  const breath = new Breath();
  for (const part of evenParts(events, parts)) {
    chunks.push(sealEventChunk(type, hour, part, secrets));
    await breath.take();
  }
  if (!(await swapEventChunks(redis, keys, { type, hour, replaced, chunks, now: now(), dataKeys: secrets.dataKeys }))) return undefined;
  const bytesAfter = chunks.reduce((sum, chunk) => sum + bytesOfChunk(chunk), 0);
  return { chunksIn: replaced.length, chunksOut: chunks.length, events: events.length, bytesBefore, bytesAfter };
}

function* evenParts(events: readonly StoredEvent[], parts: number): Generator<StoredEvent[]> {
  for (let part = 0; part < parts; part += 1) {
    const from = Math.floor((events.length * part) / parts);
    const to = Math.floor((events.length * (part + 1)) / parts);
    if (to > from) yield events.slice(from, to);
  }
}
