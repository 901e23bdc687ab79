import type { BatchResult } from '../../queues/jobs.js';
import type { EventPart } from '../codec/eventParts.js';
import { HOUR_MS } from '../codec/hours.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { BatchError } from '../errors/BatchError.js';
import { CANARY_TYPE } from '../monitoring/canary/canaryType.js';
import { chunkIdOf } from '../redis/keys.js';
import type { KeyRing } from '../security/KeyRing.js';
import type { EventStore, NewEventChunk } from '../storage/EventStore.js';
import { openEventBatch } from './openEventBatch.js';
import { expiredRows, withoutRows, type PendingPart } from './PendingPart.js';
import { planMarks, repeatedInBatch } from './seenMarks.js';

export interface IngestEventsContext {
  readonly store: EventStore;
  readonly keyRing: KeyRing;
  /** ms since the epoch. Events of the type before this are not stored. */
  readonly oldestKept: (type: string) => number;
  /** ms since the epoch. A batch with an event after this is refused. Default: none is. */
  readonly newestTaken?: () => number;
  readonly now: () => number;
  /** Stores a canary, the service's own test event. Default: they are refused. */
  readonly storeCanary?: (jobId: string, part: EventPart, takenAt: number) => Promise<BatchResult>;
}

interface PendingChunk extends NewEventChunk {
  readonly packed: Buffer | undefined;
  readonly repeatedAt: number;
  readonly checkEach: boolean;
}

const DAY_MS = 86_400_000;

/** A day after the last event of the hour's UTC day: services whose clocks or retention differ a little still see all of it. */
function usersExpireAt(hour: number, retentionMs: number): number | undefined {
  if (retentionMs === Infinity) return undefined;
  return (Math.floor((hour * HOUR_MS) / DAY_MS) + 2) * DAY_MS + retentionMs;
}

/**
 * Stores one batch of events: open, verify, leave out what is expired or was seen before, seal, store. Safe to run again,
 * and to run twice at once: what is stored is left alone.
 *
 * @param data what the job carries
 * @throws AnalyticsError or ZodError when it cannot be opened or read; whatever Redis answers when it cannot be stored
 */
export async function ingestEvents(jobId: string, data: unknown, context: IngestEventsContext): Promise<BatchResult> {
  const { store, keyRing, oldestKept, now } = context;
  const takenAt = performance.now();
  const opened = await openEventBatch(jobId, data, keyRing);
  const canary = opened.find(({ type }) => type === CANARY_TYPE);
  if (canary !== undefined) {
    if (opened.length > 1 || context.storeCanary === undefined) throw new BatchError('A batch holds an event of a type that no caller has.');
    return context.storeCanary(jobId, canary, takenAt);
  }
  refuseAhead(opened, context.newestTaken?.() ?? Infinity);
  const { fingerprints } = keyRing.reading!; // openEventBatch throws without
  const counts = { stored: 0, duplicates: 0, expired: 0 };
  const types = new Set<string>();

  const plan = (part: PendingPart, checkEach: boolean): PendingChunk => ({
    ...part,
    chunkId: chunkIdOf(jobId, part.type, part.hour),
    checkEach,
    usersExpireAt: usersExpireAt(part.hour, now() - oldestKept(part.type)),
    ...planMarks(part.rows, fingerprints, checkEach),
  });
  const kept = opened.flatMap((part) => {
    const expired = expiredRows(part, oldestKept(part.type));
    counts.expired += expired.size;
    return withoutRows(part, expired) ?? [];
  });
  const repeated = repeatedInBatch(kept);
  let pending = kept.flatMap((part) => {
    const dropped = repeated.get(part) ?? new Set<number>();
    counts.duplicates += dropped.size;
    const left = withoutRows(part, dropped);
    return left === undefined ? [] : [plan(left, false)];
  });

  // Each round drops at least one row or turns to checking each, so it ends.
  while (pending.length > 0) {
    const outcomes = await store.store(pending, now());
    const again: PendingChunk[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const chunk = pending[index]!;
      const size = chunk.rows.types.length;
      if (outcome.kind === 'stored') {
        counts.stored += size;
        types.add(chunk.type);
      } else if (outcome.kind === 'known') {
        counts.duplicates += size;
      } else {
        const dropped = new Set(outcome.marks.flatMap((place) => chunk.marks[place]!.rows));
        counts.duplicates += dropped.size;
        const left = withoutRows(chunk, dropped);
        if (left !== undefined) again.push(plan(left, chunk.checkEach || outcome.marks.includes(chunk.repeatedAt)));
      }
    }
    pending = again;
  }
  return { ...counts, types: [...types] };
}

/** No BatchError, so that it is tried again: it may be this worker's clock that is wrong. */
function refuseAhead(parts: readonly EventPart[], newestTaken: number): void {
  for (const { rows } of parts) {
    for (const timestamp of rows.timestamps) {
      if (timestamp > newestTaken) throw new AnalyticsError('STORE_INCONSISTENT', 'A batch holds an event of a time too far ahead. Are all clocks right?');
    }
  }
}
