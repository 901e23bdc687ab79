import { batchIdOf, eventIdAt } from '../codec/batchId.js';
import type { EventRows } from '../codec/EventRows.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import { seenMark, type SeenMark } from '../storage/SeenMark.js';
import type { PendingPart } from './PendingPart.js';

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
 * Rows whose id an earlier event of their type in the batch has. The first is kept, whatever hours they are of: told by
 * their order of storing it would depend on what else is sent back.
 */
export function repeatedInBatch(parts: readonly PendingPart[]): ReadonlyMap<PendingPart, ReadonlySet<number>> {
  const repeated = new Map<PendingPart, Set<number>>();
  if (parts.every(({ rows }) => rows.callerIds.size === 0)) return repeated;
  const taken = new Set<string>();
  const claims: { readonly part: PendingPart; readonly row: number; readonly place: number; readonly name: string }[] = [];
  for (const part of parts) {
    const { callerIds, batchId, places } = part.rows;
    for (const [row, place] of places.entries()) {
      const callerId = callerIds.get(row);
      if (callerId === undefined) taken.add(`${part.type} ${eventIdAt(batchId, place)}`);
      else claims.push({ part, row, place, name: `${part.type} ${callerId}` });
    }
  }
  for (const { part, row, name } of claims.sort((one, other) => one.place - other.place)) {
    if (taken.has(name)) repeated.set(part, (repeated.get(part) ?? new Set()).add(row));
    taken.add(name);
  }
  return repeated;
}
