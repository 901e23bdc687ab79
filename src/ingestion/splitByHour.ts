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
  // Batches come sorted by type, as a rule: most rows belong where the one before them does.
  let part: { type: string; hour: number; indexes: number[] } | undefined;
  let expired = 0;
  for (const [index, type] of rows.types.entries()) {
    const timestamp = rows.timestamps[index]!;
    if (timestamp < oldestKept(type)) {
      expired += 1;
      continue;
    }
    const hour = hourOf(timestamp);
    if (part?.type !== type || part.hour !== hour) {
      const name = `${type}:${hour}`;
      part = parts.get(name);
      if (part === undefined) {
        part = { type, hour, indexes: [] };
        parts.set(name, part);
      }
    }
    part.indexes.push(index);
  }
  return { parts: [...parts.values()], expired };
}
