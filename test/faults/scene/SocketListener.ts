import { WebSocket } from 'ws';

import { serverMessageSchema, type Position, type ServerMessage } from '../../../src/contract/socketProtocol.js';

export interface Received {
  readonly id: string;
  readonly op: string;
  readonly type: string;
  readonly userId: string;
  readonly epoch: string;
  readonly offset: number;
}

/** What one connection was sent, in order. */
export interface SocketLog {
  readonly userId: string;
  /** Every event stored after it is to come. */
  readonly position: Position;
  readonly messages: (Received | { readonly resync: readonly string[] })[];
  /** Whether it was still open when the run ended: then nothing may be missing at its end either. */
  isOpen: boolean;
}

const AGAIN_MS = 300;

/** The socket of one user: signs in, writes down what comes, and connects again whenever it is closed. */
export class SocketListener {
  readonly logs: SocketLog[] = [];
  readonly #url: string;
  readonly #userId: string;
  readonly #token: string;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(url: string, userId: string, token: string) {
    this.#url = url;
    this.#userId = userId;
    this.#token = token;
    this.#open();
  }

  get isSignedIn(): boolean {
    return this.logs.at(-1)?.isOpen === true;
  }

  /** Events received over all connections. */
  get received(): number {
    return this.logs.reduce((sum, { messages }) => sum + messages.length, 0);
  }

  /** Ends it without touching what the last connection's log says. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.terminate();
  }

  #open(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    let log: SocketLog | undefined;
    socket.on('open', () => socket.send(JSON.stringify({ type: 'authenticate', userId: this.#userId, token: this.#token })));
    socket.on('message', (data) => {
      // What does not fit the protocol is a fault of the service, and ends the run.
      const message = serverMessageSchema.parse(JSON.parse(String(data)));
      if (message.type === 'authenticated') {
        log = { userId: this.#userId, position: message.position, messages: [], isOpen: true };
        this.logs.push(log);
      } else if (log !== undefined) note(log, message);
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      if (this.#isClosed) return;
      if (log !== undefined) log.isOpen = false;
      this.#timer = setTimeout(() => this.#open(), AGAIN_MS);
    });
  }
}

function note(log: SocketLog, message: ServerMessage): void {
  if (message.type === 'resync') log.messages.push({ resync: message.types });
  if (message.type !== 'analytics_event') return;
  const { event, position } = message;
  log.messages.push({ id: event.id, op: String(event.properties['op']), type: event.type, userId: event.userId ?? '', ...position });
}
