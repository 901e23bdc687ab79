import type { EventRows } from './EventRows.js';
import { hourOf } from './hours.js';

/** Indexes of the rows of one event type and UTC hour: what becomes one chunk. */
export function splitByHour(rows: EventRows): number[][] {
  const parts = new Map<string, number[]>();
  // Batches come sorted by type, as a rule: most rows belong where the one before them does.
  let last = { type: '', hour: 0, indexes: [] as number[] };
  for (const [index, type] of rows.types.entries()) {
    const hour = hourOf(rows.timestamps[index]!);
    if (last.type !== type || last.hour !== hour) {
      const name = `${type}:${hour}`;
      const indexes = parts.get(name) ?? [];
      parts.set(name, indexes);
      last = { type, hour, indexes };
    }
    last.indexes.push(index);
  }
  return [...parts.values()];
}
