import type { BatchResult } from '../../queues/jobs.js';
import type { EventPart } from '../codec/eventParts.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { BatchError } from '../errors/BatchError.js';
import { CANARY_TYPE } from '../monitoring/canary/canaryType.js';
import type { KeyRing } from '../security/KeyRing.js';
import type { ErasureMark, Erasures } from '../storage/Erasures.js';
import type { EventStore } from '../storage/EventStore.js';
import { erasedRows } from './erasedRows.js';
import { openEventBatch } from './openEventBatch.js';
import { leaveOut, planChunk, type ChunkTerms, type PendingChunk, type PlanContext } from './PendingChunk.js';
import { expiredRows, withoutRows, type PendingPart } from './PendingPart.js';
import { repeatedInBatch } from './seenMarks.js';

export interface IngestEventsContext {
  readonly store: EventStore;
  readonly erasures: Erasures;
  readonly keyRing: KeyRing;
  /** ms since the epoch. Events of the type before this are not stored. */
  readonly oldestKept: (type: string) => number;
  /** ms since the epoch. A batch with an event after this is refused. Default: none is. */
  readonly newestTaken?: () => number;
  readonly now: () => number;
  /** Stores a canary, the service's own test event. Default: they are refused. */
  readonly storeCanary?: (jobId: string, part: EventPart, takenAt: number) => Promise<BatchResult>;
}

/**
 * Stores one batch of events: open, verify, leave out what is expired, was seen before or is of somebody who was erased, seal, store. Safe to run again,
 * and to run twice at once: what is stored is left alone.
 *
 * @param data what the job carries
 * @throws AnalyticsError or ZodError when it cannot be opened or read; whatever Redis answers when it cannot be stored
 */
export async function ingestEvents(jobId: string, data: unknown, context: IngestEventsContext): Promise<BatchResult> {
  const { store, erasures, keyRing, oldestKept, now } = context;
  const takenAt = performance.now();
  const opened = await openEventBatch(jobId, data, keyRing);
  const canary = opened.find(({ type }) => type === CANARY_TYPE);
  if (canary !== undefined) {
    if (opened.length > 1 || context.storeCanary === undefined) throw new BatchError('A batch holds an event of a type that no caller has.');
    return context.storeCanary(jobId, canary, takenAt);
  }
  refuseAhead(opened, context.newestTaken?.() ?? Infinity);
  const { fingerprints } = keyRing.reading!; // openEventBatch throws without
  const counts = { stored: 0, duplicates: 0, expired: 0, erased: 0 };
  const types = new Set<string>();

  const planning: PlanContext = { jobId, fingerprints, retentionMs: (type) => now() - oldestKept(type) };
  /** Plans the parts, without those who were erased since they were tracked. */
  const plan = async (parts: readonly PendingPart[], mark: ErasureMark, termsOf: (part: PendingPart) => Omit<ChunkTerms, 'generation'>): Promise<PendingChunk[]> => {
    const erased = mark.generation === 0 ? undefined : await erasedRows(parts, mark, erasures);
    return parts.flatMap((part) => {
      const { checkEach, erasedIds } = termsOf(part);
      const dropped = erased?.get(part) ?? new Set<number>();
      counts.erased += dropped.size;
      const taken = [...dropped].flatMap((row) => part.rows.callerIds.get(row) ?? []);
      return planChunk(leaveOut(part, dropped), { checkEach, erasedIds: [...erasedIds, ...taken], generation: mark.generation }, planning);
    });
  };

  const kept = opened.flatMap((part) => {
    const expired = expiredRows(part, oldestKept(part.type));
    counts.expired += expired.size;
    return withoutRows(part, expired) ?? [];
  });
  const repeated = repeatedInBatch(kept);
  const different = kept.flatMap((part) => {
    const dropped = repeated.get(part) ?? new Set<number>();
    counts.duplicates += dropped.size;
    return withoutRows(part, dropped) ?? [];
  });
  // An erasure tells the types that are listed, so who lists one asks for erasures afterwards.
  const isNew = await store.list(different.map(({ type }) => type));
  let pending = await plan(different, await (isNew ? erasures.refresh() : erasures.known()), () => ({ checkEach: false, erasedIds: [] }));

  // Each round drops at least one row, turns to checking each, or knows of a later erasure, so it ends.
  while (pending.length > 0) {
    const outcomes = await store.store(pending, now());
    const again: PendingChunk[] = [];
    const refused = new Map<PendingPart, PendingChunk>();
    for (const [index, outcome] of outcomes.entries()) {
      const chunk = pending[index]!;
      const size = chunk.rows.types.length;
      if (outcome.kind === 'stored') {
        counts.stored += size;
        types.add(chunk.type);
      } else if (outcome.kind === 'known') {
        counts.duplicates += size;
      } else if (outcome.kind === 'erased') {
        refused.set(chunk, chunk);
      } else if (outcome.kind === 'seen') {
        const dropped = new Set(outcome.marks.flatMap((place) => chunk.marks[place]!.rows));
        counts.duplicates += dropped.size;
        const { erasedIds, generation } = chunk;
        const checkEach = chunk.checkEach || outcome.marks.includes(chunk.repeatedAt);
        again.push(...planChunk(leaveOut(chunk, dropped), { checkEach, erasedIds, generation }, planning));
      }
    }
    if (refused.size > 0) again.push(...(await plan([...refused.keys()], await laterMark(erasures, [...refused.values()]), (part) => refused.get(part)!)));
    pending = again;
  }
  const { erased, ...others } = counts;
  return { ...others, ...(erased > 0 && { erased }), types: [...types] };
}

/** The list of who was erased, read anew. @throws AnalyticsError when it does not tell of what the store refused these for */
async function laterMark(erasures: Erasures, refused: readonly PendingChunk[]): Promise<ErasureMark> {
  const mark = await erasures.refresh();
  if (refused.every(({ generation }) => mark.generation > generation)) return mark;
  throw new AnalyticsError('STORE_INCONSISTENT', 'The store knows of an erasure that the list of who was erased does not tell of. Was a part of Redis restored or removed?');
}

/** No BatchError, so that it is tried again: it may be this worker's clock that is wrong. */
function refuseAhead(parts: readonly EventPart[], newestTaken: number): void {
  for (const { rows } of parts) {
    for (const timestamp of rows.timestamps) {
      if (timestamp > newestTaken) throw new AnalyticsError('STORE_INCONSISTENT', 'A batch holds an event of a time too far ahead. Are all clocks right?');
    }
  }
}
