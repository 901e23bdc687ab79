import { batchIdOf, batchTimeOf } from '../codec/batchId.js';
import type { EventRows } from '../codec/EventRows.js';
import type { ErasureMark, Erasures } from '../storage/Erasures.js';
import type { PendingPart } from './PendingPart.js';

/**
 * Rows of users who were erased after these were tracked. Who was not erased since a batch was made is not asked about, so
 * that a batch that comes straight from its producer costs a comparison.
 */
export async function erasedRows(parts: readonly PendingPart[], { latest }: ErasureMark, erasures: Erasures): Promise<ReadonlyMap<PendingPart, ReadonlySet<number>>> {
  const asked = new Map<PendingPart, number[]>();
  const users = new Set<string>();
  for (const part of parts) {
    for (const row of rowsUntil(part.rows, latest)) {
      const user = part.rows.users[row];
      if (user == null) continue;
      users.add(user);
      asked.set(part, [...(asked.get(part) ?? []), row]);
    }
  }
  const erased = new Map<PendingPart, Set<number>>();
  if (users.size === 0) return erased;
  const times = await erasures.timesOf([...users]);
  for (const [part, rows] of asked) {
    const gone = rows.filter((row) => trackedAt(part.rows, row) <= (times.get(part.rows.users[row]!) ?? -Infinity));
    if (gone.length > 0) erased.set(part, new Set(gone));
  }
  return erased;
}

/** Rows that were tracked by then. */
function rowsUntil(rows: EventRows, latest: number): Iterable<number> {
  if (batchTimeOf(rows.batchId) <= latest) return rows.places.keys();
  return [...rows.callerIds.keys()].filter((row) => trackedAt(rows, row) <= latest);
}

/**
 * When an event was tracked: when its batch was made, or the one that a repeated call made first, whose id it gives then.
 * Not the event's own time, which may lie anywhere.
 */
export function trackedAt({ batchId, callerIds }: EventRows, row: number): number {
  const id = callerIds.get(row);
  const first = id === undefined ? undefined : batchIdOf(id);
  return Math.min(batchTimeOf(batchId), first === undefined ? Infinity : batchTimeOf(first));
}
