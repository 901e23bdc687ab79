import type { ClientRegistry } from './ClientRegistry.js';

/** What the broadcasting of one process has done since it started; the documentation's "WebSocket statistics". */
export interface RealtimeFigures {
  /** Open sockets, signed in or not. */
  connections: number;
  /** Sockets that are signed in (or were registered by the application). */
  readonly clients: number;
  /** Different users among them. */
  readonly users: number;
  /** `analytics_event` messages handed to sockets. */
  messagesSent: number;
  bytesSent: number;
  /** Sockets closed for a fault: a message that was refused, a frame that is none, no answer to a ping. */
  errors: number;
  /** Times that Redis or the store answered with an error; the feed is read again, or the chunk passed over. */
  relayErrors: number;
  authenticationFailures: number;
  /** Connections refused before they became sockets: origin, cap. */
  refusedConnections: number;
  /** Sockets closed because they took in too little (close code 4008). */
  slowClosed: number;
  /** Feed entries looked at, and the chunks of them that were opened. */
  entriesRead: number;
  chunksOpened: number;
  /** Feed entries whose chunk was not there, or did not open. */
  entriesSkipped: number;
  /** Times that events may have been missed by this broadcaster. */
  gaps: number;
  /** Times that the listener to completed jobs was started again. */
  listenerRestarts: number;
}

export function createFigures(registry: ClientRegistry): RealtimeFigures {
  return {
    get clients() {
      return registry.size;
    },
    get users() {
      return registry.userCount;
    },
    connections: 0,
    messagesSent: 0,
    bytesSent: 0,
    errors: 0,
    relayErrors: 0,
    authenticationFailures: 0,
    refusedConnections: 0,
    slowClosed: 0,
    entriesRead: 0,
    chunksOpened: 0,
    entriesSkipped: 0,
    gaps: 0,
    listenerRestarts: 0,
  };
}
