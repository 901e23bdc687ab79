import type { StoredEvent } from '../codec/columns/StoredEvent.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import { Breath } from '../storage/Breath.js';
import type { MergedChunk } from '../storage/swapChunks.js';
import { sealEventChunk } from '../storage/swapEventChunks.js';
import { CHUNK_BYTES, CHUNK_EVENTS } from './planMerge.js';

/**
 * Lays events out in merged chunks of about 2,000.
 * @param events of one type and UTC hour, in the order of (time, offset)
 * @param bytes what they took before, sealed
 */
export async function sealInParts(type: string, hour: number, events: readonly StoredEvent[], bytes: number, secrets: Pick<ReadingKeys, 'chunks'>): Promise<MergedChunk[]> {
  const parts = Math.max(1, Math.round(events.length / CHUNK_EVENTS), Math.ceil(bytes / CHUNK_BYTES));
  const chunks: MergedChunk[] = [];
  const breath = new Breath();
  for (const part of evenParts(events, parts)) {
    chunks.push(sealEventChunk(type, hour, part, secrets));
    await breath.take();
  }
  return chunks;
}

function* evenParts(events: readonly StoredEvent[], parts: number): Generator<StoredEvent[]> {
  for (let part = 0; part < parts; part += 1) {
    const from = Math.floor((events.length * part) / parts);
    const to = Math.floor((events.length * (part + 1)) / parts);
    if (to > from) yield events.slice(from, to);
  }
}
