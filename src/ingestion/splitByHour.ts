import type { EventRows } from '../codec/EventRows.js';
import { hourOf } from '../storage/ChunkIndexEntry.js';

/** The rows of one event type and UTC hour: what becomes one chunk. */
export interface EventPart {
  readonly type: string;
  readonly hour: number;
  /** Indexes into the batch's rows. */
  readonly indexes: readonly number[];
}

/**
 * Splits a batch by (type, UTC hour). Rows from before their type's retention limit are left out and counted: stored
 * now, they would have to be removed at once, and their ids remembered for nothing.
 */
export function splitByHour(rows: EventRows, oldestKept: (type: string) => number): { parts: EventPart[]; expired: number } {
  const parts = new Map<string, { type: string; hour: number; indexes: number[] }>();
  let expired = 0;
  for (const [index, type] of rows.types.entries()) {
    const timestamp = rows.timestamps[index]!;
    if (timestamp < oldestKept(type)) {
      expired += 1;
      continue;
    }
    const hour = hourOf(timestamp);
    const name = `${type}:${hour}`;
    const part = parts.get(name);
    if (part === undefined) parts.set(name, { type, hour, indexes: [index] });
    else part.indexes.push(index);
  }
  return { parts: [...parts.values()], expired };
}
