import { HOUR_MS } from '../codec/hours.js';
import type { ChunkIndexEntry } from '../storage/ChunkIndexEntry.js';

/** An hour is over when it ended so long ago: batches wait in the queue for a while. */
const SETTLE_MS = 2 * 60_000;
/** In an hour that is not over, chunks that end so near to now are left alone: more of the same time are on their way. */
const YOUNG_MS = 10_000;
/** Small chunks that have to gather in an hour that is not over before they are merged. */
const RUNNING_CHUNKS = 1000;
/**
 * Events of a merged chunk, about; it may be half as many or half as many again. On a web server's log 1,000 / 2,000 /
 * 4,000 rest in 16.3 / 13.8 / 12.1 bytes an event, the newest 100 are read out of one in 0.5 / 0.8 / 1.2 ms, and one
 * column of a million events in 39 / 24 / 17 ms.
 */
export const CHUNK_EVENTS = 2000;
/** Sealed bytes of a merged chunk, about: events of 32 kB must not make chunks of 60 MB. */
export const CHUNK_BYTES = 1024 * 1024;
/** An under-filled chunk is merged with others once they have at least this part of its events. */
const LEAST_GROWTH = 1 / 8;
/** 8,000 events are about 15 MB in memory. */
const EVENTS: MergeShape = { fullRows: CHUNK_EVENTS / 2, groupRows: 8000, takesOne: false };
const GROUP_BYTES = 4 * 1024 * 1024;
/** Chunks replaced by one swap, which holds Redis for about 2 ms then. */
const GROUP_CHUNKS = 400;

/** How large merged chunks get, and what one swap may replace. */
export interface MergeShape {
  /** Rows of a merged chunk that is full, and never written again. */
  readonly fullRows: number;
  /** Rows replaced by one swap, and in memory together. */
  readonly groupRows: number;
  /** Whether a single small chunk is worth a swap. */
  readonly takesOne: boolean;
}

/** A chunk that may be merged. */
export interface MergeCandidate {
  readonly entry: ChunkIndexEntry;
  /** Sealed bytes. */
  readonly bytes: number;
}

/**
 * The chunks of an hour that may be merged: in an hour that is over the small ones and those merged ones that have few
 * events; in one that is not only the small ones, and only once 1,000 have gathered, so that neither index nor memory
 * grow with the rate of batches.
 */
export function candidatesOf(hour: number, entries: readonly ChunkIndexEntry[], now: number, { fullRows }: MergeShape = EVENTS): ChunkIndexEntry[] {
  if (now >= (hour + 1) * HOUR_MS + SETTLE_MS) return entries.filter(({ blocks, count }) => blocks === 0 || count < fullRows);
  const small = entries.filter(({ blocks, latest }) => blocks === 0 && latest < now - YOUNG_MS);
  return small.length < RUNNING_CHUNKS ? [] : small;
}

/**
 * Which chunks are merged together, each group by one swap.
 *
 * A merged chunk of 1,000 events or 512 kB is full and never written again. One that is not is written again only with an
 * eighth of its events besides: so an event is written nine times at most on its way to a full chunk, however slowly the
 * late events of an hour trickle in, and an hour has no more than four under-filled chunks meanwhile.
 *
 * Groups follow each other in time, so what they make overlaps only where the small chunks did.
 */
export function planMerge(candidates: readonly MergeCandidate[], shape: MergeShape = EVENTS): MergeCandidate[][] {
  const small = candidates.filter(({ entry }) => entry.blocks === 0);
  const merged = candidates.filter(({ entry, bytes }) => entry.blocks > 0 && bytes < CHUNK_BYTES / 2);
  merged.sort((one, other) => one.entry.count - other.entry.count);
  let others = eventsIn(small) + eventsIn(merged);
  for (;;) {
    const largest = merged.at(-1)?.entry.count ?? 0;
    others -= largest;
    if (others >= largest * LEAST_GROWTH) break;
    merged.pop();
  }
  const chosen = [...small, ...merged];
  const least = shape.takesOne && small.length > 0 ? 1 : 2;
  return chosen.length < least ? [] : groupsOf(chosen, shape);
}

/** Parts in the order of time, as even as can be: a small rest would make an under-filled chunk. */
function groupsOf(candidates: readonly MergeCandidate[], { groupRows }: MergeShape): MergeCandidate[][] {
  const groups: MergeCandidate[][] = [];
  const left = { events: eventsIn(candidates), bytes: candidates.reduce((sum, { bytes }) => sum + bytes, 0), chunks: candidates.length };
  let group: MergeCandidate[] = [];
  let events = 0;
  let bytes = 0;
  for (const candidate of candidates.toSorted(({ entry: one }, { entry: other }) => one.earliest - other.earliest || one.latest - other.latest)) {
    group.push(candidate);
    events += candidate.entry.count;
    bytes += candidate.bytes;
    const parts = Math.max(Math.ceil(left.events / groupRows), Math.ceil(left.bytes / GROUP_BYTES), Math.ceil(left.chunks / GROUP_CHUNKS));
    if (events < left.events / parts && bytes < GROUP_BYTES && group.length < GROUP_CHUNKS) continue;
    groups.push(group);
    left.events -= events;
    left.bytes -= bytes;
    left.chunks -= group.length;
    group = [];
    events = 0;
    bytes = 0;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

function eventsIn(candidates: readonly MergeCandidate[]): number {
  return candidates.reduce((sum, { entry }) => sum + entry.count, 0);
}
