import { batchIdOf, eventIdAt } from '../codec/batchId.js';
import type { EventRows } from '../codec/EventRows.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import { seenMark, type SeenMark } from '../storage/SeenMark.js';
import type { EventPart } from './splitByHour.js';

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
export function planMarks(rows: EventRows, fingerprints: Fingerprints, checkEach: boolean): MarkPlan {
  const mark = (mode: SeenMark['mode'], kind: 'event' | 'batch' | 'repeated', id: string, affected: readonly number[] = []) =>
    seenMark(fingerprints, mode, kind, id, affected);
  const marks: SeenMark[] = [mark('write', 'batch', rows.batchId)];
  for (const [row, id] of rows.callerIds) {
    const origin = batchIdOf(id);
    const isRepeat = origin !== undefined && origin !== rows.batchId;
    // In this order: once the event's own mark is written, its batch has been told, and leaves the event to this chunk
    // even if this run fails and the batch comes before the next.
    if (isRepeat) marks.push(mark('write', 'repeated', origin));
    marks.push(mark('both', 'event', id, [row]));
    if (isRepeat) marks.push(mark('origin', 'batch', origin, [row]));
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

/**
 * Rows of `parts` whose id an earlier row of their type has: a batch may hold the same id twice. The first is kept,
 * whatever hours they are of: told by their order of storing it would depend on what else is sent back.
 */
export function repeatedInBatch(rows: EventRows, parts: readonly EventPart[]): ReadonlySet<number> {
  const repeated = new Set<number>();
  if (rows.callerIds.size === 0) return repeated;
  const kept = parts.flatMap((part) => part.indexes).sort((one, other) => one - other);
  const taken = new Set<string>();
  for (const row of kept) if (!rows.callerIds.has(row)) taken.add(`${rows.types[row]} ${eventIdAt(rows.batchId, rows.places[row]!)}`);
  for (const row of kept) {
    const callerId = rows.callerIds.get(row);
    if (callerId === undefined) continue;
    const name = `${rows.types[row]} ${callerId}`;
    if (taken.has(name)) repeated.add(row);
    taken.add(name);
  }
  return repeated;
}
