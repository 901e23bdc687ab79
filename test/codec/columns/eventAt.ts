import { eventIdAt } from '../../../src/codec/batchId.js';
import type { EventRows } from '../../../src/codec/EventRows.js';
import type { Event, JsonObject } from '../../../src/contract/event.js';

/** The event in a row, read straight from the batch's rows. */
export function eventAt(rows: EventRows, row: number): Event {
  const userId = rows.users[row];
  const sessionId = rows.sessions[row];
  const metadata = rows.metadata[row];
  return {
    id: rows.callerIds.get(row) ?? eventIdAt(rows.batchId, rows.places[row]!),
    type: rows.types[row]!,
    priority: rows.priority,
    ...(typeof userId === 'string' && { userId }),
    ...(typeof sessionId === 'string' && { sessionId }),
    properties: JSON.parse(rows.properties[row]!) as JsonObject,
    ...(metadata && { metadata: JSON.parse(metadata) as JsonObject }),
    timestamp: rows.timestamps[row]!,
  };
}
