import { eventIdAt } from '../codec/batchId.js';
import type { EventRows } from '../codec/EventRows.js';

/**
 * The `analytics_event` message of one row. `properties` and `metadata` are JSON text already and are put in as they
 * are: parsing and writing them again would cost more than everything else here.
 *
 * @param epoch of the type's feed
 * @param offset the event's own
 */
export function eventMessage(rows: EventRows, row: number, epoch: string, offset: number): string {
  const user = rows.users[row];
  const session = rows.sessions[row];
  const metadata = rows.metadata[row];
  const id = rows.callerIds.get(row);
  const idText = id === undefined ? `"${eventIdAt(rows.batchId, rows.places[row]!)}"` : JSON.stringify(id);
  return (
    `{"type":"analytics_event","event":{"id":${idText},"type":"${rows.types[row]!}","priority":"${rows.priority}"` +
    (user == null ? '' : `,"userId":${JSON.stringify(user)}`) +
    (session == null ? '' : `,"sessionId":${JSON.stringify(session)}`) +
    `,"properties":${rows.properties[row]!}` +
    (metadata ? `,"metadata":${metadata}` : '') +
    `,"timestamp":${rows.timestamps[row]!}},"position":{"epoch":"${epoch}","offset":${offset}}}`
  );
}
