import type { EventPriority } from '../contract/EventPriority.js';

/**
 * Events as columns, the way they travel in a batch and rest in a small chunk. `properties` and `metadata` stay JSON
 * text: the producer made it once, and a worker that only moves it need not make it again.
 */
export interface EventRows {
  readonly batchId: string;
  readonly priority: EventPriority;
  /** Place of each event in its batch: with `batchId` it gives the id. */
  readonly places: readonly number[];
  /** Event type of each event. */
  readonly types: readonly string[];
  /** Time of each event, ms since the epoch. */
  readonly timestamps: readonly number[];
  readonly users: readonly (string | null)[];
  readonly sessions: readonly (string | null)[];
  /** Ids that the callers gave, by index into these rows. */
  readonly callerIds: ReadonlyMap<number, string>;
  /** JSON text of an object each. */
  readonly properties: readonly string[];
  /** JSON text of an object each, or '' where there is none. */
  readonly metadata: readonly string[];
}

/** The rows at `indexes`, in that order. */
export function pickRows(rows: EventRows, indexes: readonly number[]): EventRows {
  const pick = <T>(column: readonly T[]): T[] => indexes.map((index) => column[index] as T); // indexes come from the rows
  const callerIds = new Map<number, string>();
  if (rows.callerIds.size > 0) {
    for (const [to, from] of indexes.entries()) {
      const id = rows.callerIds.get(from);
      if (id !== undefined) callerIds.set(to, id);
    }
  }
  return {
    batchId: rows.batchId,
    priority: rows.priority,
    places: pick(rows.places),
    types: pick(rows.types),
    timestamps: pick(rows.timestamps),
    users: pick(rows.users),
    sessions: pick(rows.sessions),
    callerIds,
    properties: pick(rows.properties),
    metadata: pick(rows.metadata),
  };
}
