import type { EventReader } from '../storage/EventReader.js';
import { bytesOfChunk } from '../storage/swapChunks.js';
import { swapEventChunks } from '../storage/swapEventChunks.js';
import type { MergeRun } from './MergeRun.js';
import type { SwapReport } from './mergeStatus.js';
import type { MergeCandidate } from './planMerge.js';
import { sealInParts } from './sealInParts.js';

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
  const chunks = await sealInParts(type, hour, events, bytesBefore, secrets);
  if (!(await swapEventChunks(redis, keys, { type, hour, replaced, chunks, now: now(), dataKeys: secrets.dataKeys }))) return undefined;
  const bytesAfter = chunks.reduce((sum, chunk) => sum + bytesOfChunk(chunk), 0);
  return { chunksIn: replaced.length, chunksOut: chunks.length, events: events.length, bytesBefore, bytesAfter };
}
