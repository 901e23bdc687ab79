import { jobs, type BatchResult } from '../../queues/jobs.js';
import { pickRows, type EventRows } from '../codec/EventRows.js';
import { decodeEventRows } from '../codec/eventRowsText.js';
import { AnalyticsError } from '../errors/AnalyticsError.js';
import { chunkIdOf } from '../redis/keys.js';
import type { KeyRing } from '../security/KeyRing.js';
import type { EventStore, NewEventChunk } from '../storage/EventStore.js';
import { openBatch } from './openBatch.js';
import { planMarks, repeatedInBatch } from './seenMarks.js';
import { splitByHour } from './splitByHour.js';

export interface IngestEventsContext {
  readonly store: EventStore;
  readonly keyRing: KeyRing;
  /** ms since the epoch. Events of the type before this are not stored. */
  readonly oldestKept: (type: string) => number;
  readonly now: () => number;
}

interface PendingChunk extends NewEventChunk {
  readonly repeatedAt: number;
  readonly checkEach: boolean;
}

/**
 * Stores one batch of events: open, verify, split, leave out what was seen before, seal, store. Safe to run again, and
 * to run twice at once: what is stored is left alone.
 *
 * @param data what the job carries; checked here, since anybody who reaches the queue can put something there
 * @throws AnalyticsError when it cannot be opened or read; whatever Redis answers when it cannot be stored
 */
export async function ingestEvents(jobId: string, data: unknown, context: IngestEventsContext): Promise<BatchResult> {
  const { store, keyRing, oldestKept, now } = context;
  const payload = jobs.events.payload.parse(data);
  const text = await openBatch(jobId, 'events', payload, keyRing);
  const secrets = keyRing.reading!; // openBatch throws without
  const rows = decodeEventRows(text, { verify: true });
  if (rows.types.length !== payload.n || rows.batchId !== jobId) {
    throw new AnalyticsError('STORE_INCONSISTENT', 'A batch does not hold what its job says.');
  }

  const { parts, expired } = splitByHour(rows, oldestKept);
  let duplicates = 0;
  let stored = 0;
  const types = new Set<string>();

  const plan = (type: string, hour: number, partRows: EventRows, checkEach: boolean): PendingChunk => ({
    type,
    hour,
    chunkId: chunkIdOf(jobId, type, hour),
    rows: partRows,
    checkEach,
    ...planMarks(partRows, secrets.fingerprints, checkEach),
  });
  const repeated = repeatedInBatch(rows, parts);
  duplicates += repeated.size;
  let pending = parts.flatMap(({ type, hour, indexes }) => {
    const kept = repeated.size === 0 ? indexes : indexes.filter((index) => !repeated.has(index));
    return kept.length === 0 ? [] : [plan(type, hour, pickRows(rows, kept), false)];
  });

  // Each round drops at least one row or turns to checking each, so it ends.
  while (pending.length > 0) {
    const outcomes = await store.store(pending, now());
    const again: PendingChunk[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const chunk = pending[index]!;
      if (outcome.kind === 'stored') {
        stored += chunk.rows.types.length;
        types.add(chunk.type);
      } else if (outcome.kind === 'known') {
        duplicates += chunk.rows.types.length;
      } else {
        const dropped = new Set(outcome.marks.flatMap((place) => chunk.marks[place]!.rows));
        duplicates += dropped.size;
        const left = [...chunk.rows.places.keys()].filter((row) => !dropped.has(row));
        const checkEach = chunk.checkEach || outcome.marks.includes(chunk.repeatedAt);
        if (left.length > 0) again.push(plan(chunk.type, chunk.hour, pickRows(chunk.rows, left), checkEach));
      }
    }
    pending = again;
  }
  return { stored, duplicates, expired, types: [...types] };
}
