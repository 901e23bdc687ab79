import { decodeIndexEntry } from '../storage/ChunkIndexEntry.js';
import { withoutHeader } from '../storage/mergedHeader.js';
import type { ChunkSealer } from '../security/ChunkSealer.js';
import type { CellName } from './capture/SeriesPlace.js';
import type { CellEntry } from './files/Cell.js';

/** What stands before a small event chunk: the offset of its last event. */
const OFFSET_BYTES = 8;

/**
 * Opens a chunk as it stands in a backup, to see that it is whole, where it belongs, and goes with its key.
 * @throws KeyError when it does not open
 */
export function openChunk(sealer: ChunkSealer, { kind, name, section }: CellName, { member, score }: CellEntry, parts: readonly Buffer[], wrappedKey: Buffer): void {
  const [first = Buffer.alloc(0), ...rest] = parts;
  if (section.startsWith('tier-')) {
    const place = { kind: `rollup ${section.slice('tier-'.length)}`, series: name, hour: score, chunkId: member, count: 0, earliest: 0, latest: 0 };
    sealer.open(place, { bytes: first, wrappedKey });
    return;
  }
  const entry = decodeIndexEntry(member, score);
  const place = { kind, series: name, ...entry };
  if (entry.blocks === 0) {
    sealer.open(place, { bytes: kind === 'events' ? first.subarray(OFFSET_BYTES) : first, wrappedKey });
    return;
  }
  const open = sealer.blockOpener(place, wrappedKey);
  open('head', kind === 'events' ? withoutHeader(first) : first);
  for (const [block, bytes] of rest.entries()) open(block, bytes);
}
