import type { SocketLog } from '../scene/SocketListener.js';
import type { Findings } from './Findings.js';
import type { StoredEvent } from './readStore.js';

/** What a user's sockets should have seen, of one type. */
export type StoredByUser = ReadonlyMap<string, readonly Pick<StoredEvent, 'id' | 'type' | 'offset'>[]>;

/**
 * Holds what each connection was sent against the store: only the user's own events, none twice, offsets rising within an
 * epoch, and none missing between two that came, unless the server said that some may have passed.
 */
export function checkSockets(logs: readonly SocketLog[], stored: StoredByUser, findings: Findings): void {
  for (const [place, log] of logs.entries()) checkLog(`${log.userId}#${place + 1}`, log, stored.get(log.userId) ?? [], findings);
}

function checkLog(name: string, log: SocketLog, stored: readonly Pick<StoredEvent, 'id' | 'type' | 'offset'>[], findings: Findings): void {
  const last = new Map<string, { epoch: string; offset: number }>();
  const got = new Set<string>();
  const resynced = new Set<string>();
  for (const message of log.messages) {
    if ('resync' in message) {
      for (const type of message.resync) resynced.add(type);
      continue;
    }
    const { id, type, userId, epoch, offset } = message;
    if (userId !== log.userId) findings.add('sockets', name, `it was sent the event ${id} of another user`);
    if (got.has(`${type} ${id}`) && !resynced.has(type)) findings.add('sockets', name, `it was sent ${type} ${id} twice`);
    got.add(`${type} ${id}`);
    const before = last.get(type);
    if (before !== undefined && before.epoch === epoch && offset <= before.offset && !resynced.has(type)) {
      findings.add('sockets', name, `offset ${offset} of ${type} came after ${before.offset}`);
    }
    last.set(type, { epoch, offset });
  }
  for (const { id, type, offset } of stored) {
    if (resynced.has(type)) continue;
    const after = log.position[type]?.offset ?? 0;
    // A connection that broke had not been sent everything; up to the last event that came nothing may be missing.
    const upTo = log.isOpen ? Infinity : (last.get(type)?.offset ?? -1);
    if (offset > after && offset <= upTo && !got.has(`${type} ${id}`)) {
      findings.add('sockets', name, `it was never sent ${type} ${id}, offset ${offset}, between ${after} and ${upTo === Infinity ? 'now' : upTo}`);
    }
  }
}
