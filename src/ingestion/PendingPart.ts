import type { EventPart } from '../codec/eventParts.js';
import { pickRows } from '../codec/EventRows.js';

/** What is left to be stored of a part. Once rows were left out its bytes are no longer what came. */
export type PendingPart = Omit<EventPart, 'packed'> & { readonly packed: Buffer | undefined };

/** The part without these rows; undefined when none is left. */
export function withoutRows(part: PendingPart, dropped: ReadonlySet<number>): PendingPart | undefined {
  if (dropped.size === 0) return part;
  const left = [...part.rows.places.keys()].filter((row) => !dropped.has(row));
  return left.length === 0 ? undefined : { ...part, rows: pickRows(part.rows, left), packed: undefined };
}

/** Rows from before `oldest`: stored now, they would have to be removed at once, and their ids remembered for nothing. */
export function expiredRows({ rows }: PendingPart, oldest: number): ReadonlySet<number> {
  const expired = new Set<number>();
  for (const [row, timestamp] of rows.timestamps.entries()) if (timestamp < oldest) expired.add(row);
  return expired;
}
