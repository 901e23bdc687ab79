import { batchIdOf, eventIdAt } from '../codec/batchId.js';
import type { EventRows } from '../codec/EventRows.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import { seenMark, type SeenMark } from '../storage/SeenMark.js';

export interface MarkPlan {
  readonly marks: readonly SeenMark[];
  /** Place in `marks` of the one that says that events of this batch were repeated; -1 once they are checked one by one. */
  readonly repeatedAt: number;
}

/**
 * Which marks keep these rows (of one type) from being stored twice.
 *
 * - An event whose id the caller gave: its id has to be free, and is taken.
 * - If that id is one that this service generated, the call repeats an event whose outcome stayed unknown. Then the
 *   batch that carried it first must not have been stored, and is told (`repeated`) in case it still comes.
 * - The batch itself leaves a mark, and looks whether any of its events were repeated before it came; only then are its
 *   own events checked one by one.
 */
export function planMarks(rows: EventRows, type: string, fingerprints: Fingerprints, checkEach: boolean): MarkPlan {
  const mark = (mode: SeenMark['mode'], kind: 'event' | 'batch' | 'repeated', id: string, affected: readonly number[] = []) =>
    seenMark(fingerprints, mode, kind, type, id, affected);
  const marks: SeenMark[] = [mark('write', 'batch', rows.batchId)];
  for (const [row, id] of rows.callerIds) {
    marks.push(mark('both', 'event', id, [row]));
    const origin = batchIdOf(id);
    if (origin !== undefined && origin !== rows.batchId) {
      marks.push(mark('check', 'batch', origin, [row]), mark('write', 'repeated', origin));
    }
  }
  if (!checkEach) {
    marks.push(mark('check', 'repeated', rows.batchId));
    return { marks, repeatedAt: marks.length - 1 };
  }
  for (const [row, place] of rows.places.entries()) {
    if (!rows.callerIds.has(row)) marks.push(mark('check', 'event', eventIdAt(rows.batchId, place), [row]));
  }
  return { marks, repeatedAt: -1 };
}

/** The rows left when each id is kept once: a batch may hold the same id twice. */
export function firstOfEachId(rows: EventRows): number[] {
  const ids = new Set<string>();
  const kept: number[] = [];
  const generatedFirst = rows.callerIds.size === 0 ? [] : rows.places.keys();
  for (const row of generatedFirst) if (!rows.callerIds.has(row)) ids.add(eventIdAt(rows.batchId, rows.places[row]!));
  for (const row of rows.places.keys()) {
    const callerId = rows.callerIds.get(row);
    if (callerId !== undefined) {
      if (ids.has(callerId)) continue;
      ids.add(callerId);
    }
    kept.push(row);
  }
  return kept;
}
