import { HOUR_MS } from '../codec/hours.js';
import type { ChunkIndexEntry } from '../storage/ChunkIndexEntry.js';

/** An hour is over when it ended so long ago: batches wait in the queue for a while. */
const SETTLE_MS = 2 * 60_000;
/** In an hour that is not over, chunks that end so near to now are left alone: more of the same time are on their way. */
const YOUNG_MS = 10_000;
/** Small chunks that have to gather in an hour that is not over before they are merged. */
export const RUNNING_CHUNKS = 1000;
/** A merged chunk with fewer events takes late ones in. */
const LEAST_EVENTS = 500;
/**
 * Late events join an under-filled chunk once they are at least this part of it. So an event is written about nine times
 * on its way to a full chunk however slowly the hour's late events trickle in, and up to 62 small chunks wait for that.
 */
const LEAST_GROWTH = 1 / 8;
/** Events of one swap, which are in memory together: about 10 MB. */
const GROUP_EVENTS = 8000;
/** Chunks replaced by one swap: at 1,000 it holds Redis for 2 ms. */
export const GROUP_CHUNKS = 1000;

/** Chunks that are merged together, and replaced by one swap. */
export type MergeGroup = readonly ChunkIndexEntry[];

/**
 * Which chunks of an hour are to be merged, if any are.
 *
 * - An hour that is over: all small ones, if there are two. Full merged chunks are never written again. One that is
 *   under-filled is, with those that came late.
 * - An hour that is not: the small ones, once 1,000 have gathered, so that neither index nor memory grow with the rate of
 *   batches. That makes full chunks.
 *
 * Groups follow each other in time, so what they make overlaps only where the small chunks did.
 */
export function planHour(hour: number, entries: readonly ChunkIndexEntry[], now: number): MergeGroup[] {
  const isOver = now >= (hour + 1) * HOUR_MS + SETTLE_MS;
  const small = entries.filter(({ blocks, latest }) => blocks === 0 && (isOver || latest < now - YOUNG_MS));
  if (small.length < (isOver ? 2 : RUNNING_CHUNKS)) return [];
  const underFilled = isOver ? smallest(entries.filter(({ blocks, count }) => blocks > 0 && count < LEAST_EVENTS)) : undefined;
  if (underFilled === undefined) return groupsOf(small);
  if (eventsIn(small) < underFilled.count * LEAST_GROWTH) return [];
  return groupsOf([...small, underFilled]);
}

function smallest(entries: readonly ChunkIndexEntry[]): ChunkIndexEntry | undefined {
  return entries.toSorted((one, other) => one.count - other.count)[0];
}

/** Parts in the order of time, as even as can be: a small rest would make an under-filled chunk. */
function groupsOf(entries: readonly ChunkIndexEntry[]): MergeGroup[] {
  const groups: ChunkIndexEntry[][] = [];
  let leftEvents = eventsIn(entries);
  let leftChunks = entries.length;
  let group: ChunkIndexEntry[] = [];
  let events = 0;
  for (const entry of entries.toSorted((one, other) => one.earliest - other.earliest || one.latest - other.latest)) {
    group.push(entry);
    events += entry.count;
    const parts = Math.max(Math.ceil(leftEvents / GROUP_EVENTS), Math.ceil(leftChunks / GROUP_CHUNKS));
    if (events < leftEvents / parts && group.length < GROUP_CHUNKS) continue;
    groups.push(group);
    leftEvents -= events;
    leftChunks -= group.length;
    group = [];
    events = 0;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

function eventsIn(entries: readonly ChunkIndexEntry[]): number {
  return entries.reduce((sum, { count }) => sum + count, 0);
}
