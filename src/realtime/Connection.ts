import type { IncomingMessage } from 'node:http';

import type { RawData, WebSocket } from 'ws';

import {
  clientMessageSchema,
  closeCodes,
  type ClientMessage,
  type CloseCode,
  type ServerMessage,
  type SocketErrorCode,
} from '../contract/socketProtocol.js';
import { UnauthenticatedError } from '../security/UnauthenticatedError.js';
import type { TokenIdentity, TokenVerifier } from '../security/tokens.js';
import type { Broadcaster } from './Broadcaster.js';
import type { ClientRegistry } from './ClientRegistry.js';
import { Heartbeat } from './Heartbeat.js';
import type { RealtimeFigures } from './RealtimeFigures.js';
import type { SocketLimits } from './socketLimits.js';

export interface ConnectionOptions {
  readonly registry: ClientRegistry;
  readonly broadcaster: Pick<Broadcaster, 'position'>;
  readonly verifier: TokenVerifier;
  readonly figures: RealtimeFigures;
  readonly limits: SocketLimits;
  /** Whether `authenticate` without a token is accepted on this connection. */
  readonly mayComeBare: boolean;
  /** Called once, when the socket is signed in. */
  readonly onAuthenticated: () => void;
}

/** setTimeout takes no more: 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const MINUTE_MS = 60_000;

/** One socket from the upgrade to its end. */
export class Connection {
  readonly #ws: WebSocket;
  readonly #request: IncomingMessage;
  readonly #options: ConnectionOptions;
  #state: 'new' | 'verifying' | 'signedIn' | 'ended' = 'new';
  #userId: string | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #minuteStart = 0;
  #messages = 0;

  constructor(ws: WebSocket, request: IncomingMessage, options: ConnectionOptions) {
    this.#ws = ws;
    this.#request = request;
    this.#options = options;
    const { limits, figures } = options;
    new Heartbeat(ws, limits.pingEveryMs, limits.pongWithinMs);
    this.#deadline = setTimeout(() => {
      figures.authenticationFailures += 1;
      this.#refuse('unauthenticated', 'Nobody signed in here in time.', closeCodes.unauthenticated);
    }, limits.authenticateWithinMs);
    ws.on('message', (data, isBinary) => this.#receive(data, isBinary));
    ws.on('error', () => {
      // ws ends the connection with the fitting code itself: 1009 too large, 1007 no UTF-8, 1002 no WebSocket.
      figures.errors += 1;
    });
    ws.once('close', () => this.#end());
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state === 'ended') return;
    const now = performance.now();
    if (now - this.#minuteStart > MINUTE_MS) {
      this.#minuteStart = now;
      this.#messages = 0;
    }
    this.#messages += 1;
    if (this.#messages > this.#options.limits.messagesPerMinute) {
      return this.#refuse('rate_limited', 'Too many messages. Try again in a minute.', closeCodes.rateLimited);
    }
    const message = isBinary ? undefined : parseMessage(data);
    if (message === undefined) {
      return this.#refuse('bad_message', 'This is no message that is known here. See docs/socket-protocol.md.', closeCodes.badMessage);
    }
    if (this.#state === 'verifying') {
      return this.#refuse('bad_message', 'Wait for the answer before you authenticate again.', closeCodes.badMessage);
    }
    void this.#authenticate(message);
  }

  async #authenticate({ userId, token }: ClientMessage): Promise<void> {
    const { verifier, figures, mayComeBare } = this.#options;
    const before = this.#state;
    this.#state = 'verifying';
    let identity: Pick<TokenIdentity, 'subject' | 'expiresAt'>;
    try {
      if (token !== undefined) identity = await verifier.verify(token);
      else if (mayComeBare) identity = { subject: userId, expiresAt: undefined };
      else throw new UnauthenticatedError('malformed');
    } catch (error) {
      figures.authenticationFailures += 1;
      if (!(error instanceof UnauthenticatedError)) return this.#refuse('unavailable', 'The token could not be checked.', closeCodes.internal);
      if (error.reason === 'expired') return this.#refuse('expired', error.message, closeCodes.tokenExpired);
      const message = token === undefined ? 'A token is needed: {"type":"authenticate","userId":…,"token":…}.' : error.message;
      return this.#refuse('unauthenticated', message, closeCodes.unauthenticated);
    }
    // TypeScript keeps 'verifying' from above, but the socket may have ended meanwhile.
    if ((this.#state as string) === 'ended') return;
    if (identity.subject !== userId || (this.#userId !== undefined && this.#userId !== userId)) {
      figures.authenticationFailures += 1;
      return this.#refuse('forbidden', 'The token is not for this user.', closeCodes.forbidden);
    }
    this.#signIn(userId, identity.expiresAt, before === 'new');
  }

  #signIn(userId: string, expiresAt: number | undefined, isFirst: boolean): void {
    const { registry, broadcaster, limits, onAuthenticated } = this.#options;
    this.#state = 'signedIn';
    this.#userId = userId;
    this.#expireAt(expiresAt);
    if (isFirst) {
      onAuthenticated();
      const others = registry.clientsOf(userId);
      if (others !== undefined && others.size >= limits.socketsPerUser) {
        const [oldest] = others.keys();
        oldest?.close(closeCodes.replaced.code, closeCodes.replaced.reason);
        if (oldest !== undefined) registry.remove(userId, oldest);
      }
      registry.register(userId, this.#ws, this.#request.socket);
    }
    // In the turn of the registration: the position is exactly where this socket's events begin.
    this.#send({ type: 'authenticated', userId, position: broadcaster.position() });
  }

  #expireAt(expiresAt: number | undefined): void {
    clearTimeout(this.#deadline);
    if (expiresAt === undefined) return;
    const leftMs = expiresAt - Date.now();
    if (leftMs <= 0) return this.#refuse('expired', 'The token has expired. Sign in with a new one.', closeCodes.tokenExpired);
    this.#deadline = setTimeout(() => this.#expireAt(expiresAt), Math.min(leftMs, LONGEST_TIMER_MS)).unref();
  }

  #send(message: ServerMessage): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.send(JSON.stringify(message));
  }

  #refuse(code: SocketErrorCode, message: string, close: CloseCode): void {
    if (this.#state === 'ended') return;
    this.#options.figures.errors += 1;
    this.#send({ type: 'error', code, message });
    this.#end();
    this.#ws.close(close.code, close.reason);
  }

  #end(): void {
    this.#state = 'ended';
    clearTimeout(this.#deadline);
    if (this.#userId !== undefined) this.#options.registry.remove(this.#userId, this.#ws);
  }
}

function parseMessage(data: RawData): ClientMessage | undefined {
  try {
    // Text messages arrive as one Buffer, since binaryType is left as it is.
    const parsed = clientMessageSchema.safeParse(JSON.parse((data as Buffer).toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
