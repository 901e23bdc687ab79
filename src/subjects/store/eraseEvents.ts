import { sealInParts } from '../../merging/sealInParts.js';
import { sizesOf } from '../../merging/sizesOf.js';
import type { ChunkIndexEntry } from '../../storage/ChunkIndexEntry.js';
import { EventReader } from '../../storage/EventReader.js';
import { readHours } from '../../storage/readHours.js';
import { swapEventChunks } from '../../storage/swapEventChunks.js';
import type { ErasureRun } from '../ErasureRun.js';
import { findHolders } from './findHolders.js';
import { removeReplacedChunks } from './removeReplacedChunks.js';

/** What an erasure did in the store. */
export interface StoreErasure {
  /** Events that were removed or rewritten. */
  events: number;
  /** Chunks that held them, and those that took their place. */
  chunksIn: number;
  chunksOut: number;
  /** Replaced chunks that were removed with their data keys: these, and those that merges had replaced in the last minutes. */
  removed: number;
  /** Chunks that do not open, and that may hold more. */
  unreadable: number;
}

/** Replaced by one script: it holds Redis for about 2 ms. */
const GROUP_CHUNKS = 400;
/** Hours of replaced chunks that wait for the backup. */
const BACKUP_HOURS = 200;
/** In memory together: about 15 MB. */
const GROUP_EVENTS = 8000;

/**
 * Takes somebody's events out of all chunks of a type, hour by hour. Beside writers, merges, readers and the clean-up:
 * chunks are replaced whole or not at all, and an hour that changed meanwhile is looked at again. Killed at any point it
 * has done some hours, and finds nothing in them when it runs again.
 *
 * What is replaced goes at once, with its data keys: whoever read the index before finds a chunk gone, and reads the hour
 * again.
 *
 * @param upTo the offset of the last event that may be theirs: those behind it were tracked after the erasure
 */
export async function eraseEvents(run: ErasureRun, type: string, upTo: number): Promise<StoreErasure> {
  const { redis, keys, secrets } = run;
  const series = keys.event(type);
  const done: StoreErasure = { events: 0, chunksIn: 0, chunksOut: 0, removed: 0, unreadable: 0 };
  // A chunk is read once, so keeping it would only cost memory.
  const reader = new EventReader({ redis, keys, secrets, cacheBytes: 0 });
  // Those that merges replaced, now or before the erasure began, and all that it replaces itself.
  const removeReplaced = async (): Promise<void> => {
    await run.backup?.removing('events', type);
    done.removed += await removeReplacedChunks(run, series);
  };
  let hours = 0;
  for await (const { hour, entries } of readHours(redis, series, { lower: -Infinity, upper: Infinity })) {
    const before = done.chunksIn;
    for (let view: readonly ChunkIndexEntry[] | undefined = entries; view !== undefined; ) {
      run.throwIfAborted();
      view = (await eraseHour(run, reader, { type, hour, upTo }, view, done)) ? undefined : await reader.hour(type, hour);
    }
    if (done.chunksIn === before) continue;
    hours += 1;
    // A backup is told of many hours together: each time costs it a file.
    if (run.backup === undefined || hours % BACKUP_HOURS === 0) await removeReplaced();
  }
  // Merges may have replaced some until each hour was done with, so this comes last.
  await removeReplaced();
  return done;
}

interface HourPlace {
  readonly type: string;
  readonly hour: number;
  readonly upTo: number;
}

/** @returns false when the hour's chunks were others meanwhile */
async function eraseHour(run: ErasureRun, reader: EventReader, place: HourPlace, entries: readonly ChunkIndexEntry[], done: StoreErasure): Promise<boolean> {
  const found = await findHolders(reader, place.type, entries, { userId: run.userId, upTo: place.upTo });
  if (found === undefined) return false;
  let isWhole = true;
  if (found.holders.length > 0) await run.backup?.touching('events', place.type, place.hour);
  for (const group of groupsOf(found.holders)) {
    run.throwIfAborted();
    const swapped = await swapGroup(run, reader, place, group);
    if (swapped === undefined) {
      isWhole = false;
      continue;
    }
    done.events += swapped.events;
    done.chunksIn += group.length;
    done.chunksOut += swapped.chunks;
  }
  if (isWhole) done.unreadable += found.unreadable;
  return isWhole;
}

async function swapGroup(
  { redis, keys, secrets, userId, rewrite }: ErasureRun,
  reader: EventReader,
  { type, hour, upTo }: HourPlace,
  group: readonly ChunkIndexEntry[],
): Promise<{ readonly events: number; readonly chunks: number } | undefined> {
  const [tables, sizes] = await Promise.all([reader.load(type, group, 'all'), sizesOf(redis, keys.event(type), group)]);
  if (tables.includes(undefined)) return undefined;
  let events = 0;
  let gone = 0;
  const left = tables.flatMap((table) =>
    table!.storedEvents().flatMap((event) => {
      if (event.userId !== userId || event.offset > upTo) return [event];
      events += 1;
      const rewritten = rewrite(type, event);
      if (rewritten !== undefined) return [rewritten];
      gone += 1;
      return [];
    }),
  );
  left.sort((one, other) => one.timestamp - other.timestamp || one.offset - other.offset);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const chunks = left.length === 0 ? [] : await sealInParts(type, hour, left, bytes, secrets);
  const isDone = await swapEventChunks(redis, keys, { type, hour, replaced: group, chunks, gone, now: Date.now(), dataKeys: secrets.dataKeys });
  return isDone ? { events, chunks: chunks.length } : undefined;
}

/** In the order of time, so that what takes their place overlaps only where they did. */
function* groupsOf(holders: readonly ChunkIndexEntry[]): Generator<ChunkIndexEntry[]> {
  let group: ChunkIndexEntry[] = [];
  let events = 0;
  for (const entry of holders.toSorted((one, other) => one.earliest - other.earliest)) {
    if (group.length === GROUP_CHUNKS || (group.length > 0 && events + entry.count > GROUP_EVENTS)) {
      yield group;
      group = [];
      events = 0;
    }
    group.push(entry);
    events += entry.count;
  }
  if (group.length > 0) yield group;
}
