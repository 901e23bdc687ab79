import { HOUR_MS } from '../codec/hours.js';
import { pickRows } from '../codec/EventRows.js';
import { chunkIdOf } from '../redis/keys.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import type { NewEventChunk } from '../storage/EventStore.js';
import { seenMark } from '../storage/SeenMark.js';
import { withoutRows, type PendingPart } from './PendingPart.js';
import { planMarks } from './seenMarks.js';

/** How a chunk is to be stored. */
export interface ChunkTerms {
  /** Whether each event is looked up by itself, since some of the batch were repeated. */
  readonly checkEach: boolean;
  /** Ids of callers whose events are left out, since their users were erased: they are taken all the same. */
  readonly erasedIds: readonly string[];
  /** Of the latest erasure that was looked for. */
  readonly generation: number;
}

/** A chunk on its way into the store. With no rows it only takes the ids of events that were left out. */
export interface PendingChunk extends NewEventChunk, ChunkTerms {
  readonly packed: Buffer | undefined;
  readonly repeatedAt: number;
  readonly generation: number;
}

export interface PlanContext {
  readonly jobId: string;
  readonly fingerprints: Fingerprints;
  /** ms that events of the type are kept, from now. */
  readonly retentionMs: (type: string) => number;
}

const DAY_MS = 86_400_000;

/** Plans how what is left of a part is stored; nothing where there is nothing to do. */
export function planChunk(part: PendingPart, terms: ChunkTerms, { jobId, fingerprints, retentionMs }: PlanContext): PendingChunk[] {
  const isEmpty = part.rows.places.length === 0;
  if (isEmpty && terms.erasedIds.length === 0) return [];
  const { marks, repeatedAt } = isEmpty ? { marks: [], repeatedAt: -1 } : planMarks(part.rows, fingerprints, terms.checkEach);
  return [
    {
      ...part,
      ...terms,
      chunkId: chunkIdOf(jobId, part.type, part.hour),
      usersExpireAt: usersExpireAt(part.hour, retentionMs(part.type)),
      marks: [...marks, ...terms.erasedIds.map((id) => seenMark(fingerprints, 'write', 'event', id))],
      repeatedAt,
    },
  ];
}

/** The part without these rows, though none be left. */
export function leaveOut(part: PendingPart, dropped: ReadonlySet<number>): PendingPart {
  return withoutRows(part, dropped) ?? { ...part, rows: pickRows(part.rows, []), packed: undefined };
}

/** A day after the last event of the hour's UTC day: services whose clocks or retention differ a little still see all of it. */
function usersExpireAt(hour: number, retentionMs: number): number | undefined {
  if (retentionMs === Infinity) return undefined;
  return (Math.floor((hour * HOUR_MS) / DAY_MS) + 2) * DAY_MS + retentionMs;
}
