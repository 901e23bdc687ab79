/** What one socket, and all of them, may take. docs/socket-protocol.md has the same table. */
export interface SocketLimits {
  /** ms from the connection to a good `authenticate`. */
  readonly authenticateWithinMs: number;
  /** ms without a message of the client after which the socket is closed; pings and pongs are no sign of anybody. */
  readonly idleMs: number;
  /** ms after which it is closed whatever is done. */
  readonly longestMs: number;
  readonly pingEveryMs: number;
  readonly pongWithinMs: number;
  /** Bytes of one message of a client. */
  readonly messageBytes: number;
  readonly messagesPerMinute: number;
  /** Sockets of one user at this server; one more closes the oldest. */
  readonly socketsPerUser: number;
  /** Connections of this server; one more is answered with 503. */
  readonly connections: number;
  /** Connections that have not signed in. */
  readonly unauthenticated: number;
  /** ms that the other side has to answer a close before it is cut off. */
  readonly closeWithinMs: number;
}

export const socketLimits: SocketLimits = {
  authenticateWithinMs: 5000,
  idleMs: 15 * 60_000,
  longestMs: 12 * 60 * 60_000,
  pingEveryMs: 25_000,
  pongWithinMs: 10_000,
  messageBytes: 64 * 1024,
  messagesPerMinute: 100,
  socketsPerUser: 10,
  connections: 10_000,
  unauthenticated: 1000,
  closeWithinMs: 5000,
};
