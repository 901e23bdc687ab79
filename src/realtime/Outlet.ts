import { WebSocket } from 'ws';

import { closeCodes } from '../contract/socketProtocol.js';
import type { Client } from './ClientRegistry.js';
import type { RealtimeFigures } from './RealtimeFigures.js';

/** Sends events to sockets: one write for what goes to a socket in one turn, and a bound on what may wait for it. */
export class Outlet {
  readonly #figures: RealtimeFigures;
  readonly #mostBuffered: number;
  readonly #corked = new Set<Client>();

  /** @param mostBuffered bytes that may wait for one socket; one that takes in less is closed with 4008 */
  constructor(figures: RealtimeFigures, mostBuffered: number) {
    this.#figures = figures;
    this.#mostBuffered = mostBuffered;
  }

  /** Sends one message. It leaves with `flush`. */
  send(client: Client, message: Buffer): void {
    const { ws, transport } = client;
    if (ws.readyState !== WebSocket.OPEN) return;
    if (ws.bufferedAmount + message.length > this.#mostBuffered) {
      this.#figures.slowClosed += 1;
      ws.close(closeCodes.slow.code, closeCodes.slow.reason);
      return;
    }
    if (transport !== undefined && !this.#corked.has(client)) {
      transport.cork();
      this.#corked.add(client);
    }
    // Framing them here and writing them as one buffer was tried: no faster than ws under a cork.
    ws.send(message, { binary: false });
    this.#figures.bytesSent += message.length;
  }

  /** Lets go what was sent. To be called before the turn ends. */
  flush(): void {
    for (const { transport } of this.#corked) transport?.uncork();
    this.#corked.clear();
  }
}
