import type { WebSocket } from 'ws';

/** Pings a socket, and ends it when no pong comes: a peer that vanished without a word looks open for hours otherwise. */
export class Heartbeat {
  readonly #ws: WebSocket;
  readonly #everyMs: number;
  readonly #withinMs: number;
  #timer: NodeJS.Timeout;

  constructor(ws: WebSocket, everyMs: number, withinMs: number) {
    this.#ws = ws;
    this.#everyMs = everyMs;
    this.#withinMs = withinMs;
    this.#timer = this.#next();
    ws.on('pong', () => {
      clearTimeout(this.#timer);
      this.#timer = this.#next();
    });
    ws.once('close', () => clearTimeout(this.#timer));
  }

  #next(): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.#ws.readyState !== this.#ws.OPEN) return;
      this.#ws.ping();
      this.#timer = setTimeout(() => this.#ws.terminate(), this.#withinMs);
      this.#timer.unref();
    }, this.#everyMs).unref();
  }
}
