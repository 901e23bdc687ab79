import type { Socket } from 'node:net';

import type { RawData, WebSocket } from 'ws';

import type { AccessGate } from '../access/AccessGate.js';
import { decide } from '../access/decide.js';
import { rolesOf } from '../access/principalOf.js';
import type { Principal } from '../access/Principal.js';
import type { Identity } from '../access/revocation/Identity.js';
import type { Revocations } from '../access/revocation/Revocations.js';
import {
  clientMessageSchema,
  closeCodes,
  type ClientMessage,
  type CloseCode,
  type ServerMessage,
  type SocketErrorCode,
} from '../contract/socketProtocol.js';
import type { LockOut } from '../doors/LockOut.js';
import { AccessError, type AccessRefusal } from '../errors/AccessError.js';
import { UnauthenticatedError, type TokenRefusal } from '../security/UnauthenticatedError.js';
import type { TokenVerifier } from '../security/tokens.js';
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
  /** Records who signed in, and who was not let in. */
  readonly gate: Pick<AccessGate, 'enter' | 'denied'>;
  readonly revocations: Pick<Revocations, 'isRevoked'>;
  /** Counts tokens that are refused, and says who is not listened to. */
  readonly lockOut: Pick<LockOut, 'lockedFor' | 'failed'> | undefined;
  /** Where the client is: it is recorded, and what failures are counted by. */
  readonly address: string;
  /** Whether `authenticate` without a token is accepted on this connection. */
  readonly mayComeBare: boolean;
  /** Called once, when the socket is signed in. */
  readonly onAuthenticated: () => void;
}

/** setTimeout takes no more: 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const MINUTE_MS = 60_000;
/** Stands in records for somebody whose token did not say who they are. */
const UNKNOWN = 'unknown';
/**
 * Not counted: a good token but for its time is no guess, its signature was checked, and browsers that wake up bring it by
 * themselves, a clinic's from one address; and while the keys of whoever signs are away nobody knows whether it was good.
 */
const NO_GUESSES: ReadonlySet<TokenRefusal> = new Set(['expired', 'not_yet_valid', 'keys']);

/** One socket from the upgrade to its end. */
export class Connection {
  readonly #ws: WebSocket;
  readonly #transport: Socket;
  readonly #options: ConnectionOptions;
  #state: 'new' | 'verifying' | 'signedIn' | 'ended' = 'new';
  #userId: string | undefined;
  #identity: Identity | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** When it ends whatever is done, ms since the epoch. */
  readonly #endsAt: number;
  #minuteStart = 0;
  #messages = 0;

  constructor(ws: WebSocket, transport: Socket, options: ConnectionOptions) {
    this.#ws = ws;
    this.#transport = transport;
    this.#options = options;
    const { limits, figures } = options;
    this.#endsAt = Date.now() + limits.longestMs;
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

  /** Ends the connection if what it signed in with was revoked meanwhile. */
  recheck(): void {
    if (this.#state !== 'signedIn' || this.#identity === undefined || !this.#options.revocations.isRevoked(this.#identity)) return;
    void this.#options.gate.denied(this.#principalOf(this.#identity), { operation: 'signin.socket', reason: 'revoked' });
    this.#refuse('revoked', 'The token was revoked. Sign in with a new one.', closeCodes.revoked);
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
    if (message.type === 'active') {
      if (this.#state === 'signedIn') return this.#noteActivity();
      return this.#refuse('bad_message', 'Authenticate first.', closeCodes.badMessage);
    }
    void this.#authenticate(message);
  }

  async #authenticate({ userId, token }: Extract<ClientMessage, { type: 'authenticate' }>): Promise<void> {
    const { verifier, figures, mayComeBare, gate, lockOut, address } = this.#options;
    const before = this.#state;
    this.#state = 'verifying';
    // It may have come before the lock, with others that did. Whoever is signed in stays: each has one try, and loses the socket.
    if (before === 'new' && lockOut !== undefined && (await lockOut.lockedFor(address)) > 0) {
      figures.authenticationFailures += 1;
      return this.#refuse('rate_limited', 'Several credentials of this address were refused. Wait, and send one that is good.', closeCodes.lockedOut);
    }
    let identity: Identity;
    try {
      if (token !== undefined) identity = await verifier.verify(token);
      else if (mayComeBare) identity = { subject: userId, roles: ['self'], expiresAt: undefined, issuedAt: undefined, via: 'application' };
      else throw new UnauthenticatedError('malformed');
    } catch (error) {
      figures.authenticationFailures += 1;
      const reason = error instanceof UnauthenticatedError ? error.reason : 'unavailable';
      // Without a token nothing was guessed.
      if (token !== undefined && reason !== 'unavailable' && !NO_GUESSES.has(reason)) await lockOut?.failed(address);
      await gate.denied(this.#principalOf({ subject: UNKNOWN, roles: [], via: 'token' }), { operation: 'signin.socket', reason });
      if (!(error instanceof UnauthenticatedError) || reason === 'keys') return this.#refuse('unavailable', 'The token could not be checked.', closeCodes.internal);
      if (reason === 'expired') return this.#refuse('expired', error.message, closeCodes.tokenExpired);
      if (reason === 'revoked') return this.#refuse('revoked', error.message, closeCodes.revoked);
      const message = token === undefined ? 'A token is needed: {"type":"authenticate","userId":…,"token":…}.' : error.message;
      return this.#refuse('unauthenticated', message, closeCodes.unauthenticated);
    }
    const principal = this.#principalOf(identity);
    const refusal = this.#refusalOf(principal, userId);
    if (refusal !== undefined) {
      figures.authenticationFailures += 1;
      await gate.denied(principal, { operation: 'signin.socket', subjects: [userId], reason: refusal });
      return this.#refuse('forbidden', refusal === 'owner' ? 'The token is not for this user.' : "None of the token's roles may receive events.", closeCodes.forbidden);
    }
    try {
      if (before === 'new') await gate.enter(principal, { operation: 'signin.socket', subjects: [userId] });
    } catch {
      return this.#refuse('unavailable', 'The sign-in could not be recorded. Try again later.', closeCodes.internal);
    }
    // TypeScript keeps 'verifying' from above, but the socket may have ended meanwhile.
    if ((this.#state as string) === 'ended') return;
    this.#identity = identity;
    this.#signIn(userId, identity.expiresAt, before === 'new');
  }

  /** Why somebody does not receive this user's events; undefined for the user. */
  #refusalOf({ actor }: Principal, userId: string): AccessRefusal | undefined {
    try {
      const { owners } = decide(actor, 'signin.socket');
      const isOwn = owners !== 'all' && owners.has(userId) && (this.#userId === undefined || this.#userId === userId);
      return isOwn ? undefined : 'owner';
    } catch (error) {
      if (error instanceof AccessError) return error.reason;
      throw error;
    }
  }

  #principalOf({ subject, roles, via }: Pick<Identity, 'subject' | 'roles' | 'via'>): Principal {
    const { address } = this.#options;
    // A token that names no role is its subject's own.
    return { actor: { subject, roles: roles.length === 0 ? ['self'] : rolesOf(roles), purpose: 'subject-request', ...(address !== '' && { origin: address }) }, via };
  }

  #signIn(userId: string, expiresAt: number | undefined, isFirst: boolean): void {
    const { registry, broadcaster, limits, onAuthenticated } = this.#options;
    this.#state = 'signedIn';
    this.#userId = userId;
    this.#expireAt(Math.min(expiresAt ?? Infinity, this.#endsAt));
    this.#noteActivity();
    if (isFirst) {
      onAuthenticated();
      const others = registry.clientsOf(userId);
      if (others !== undefined && others.size >= limits.socketsPerUser) {
        const [oldest] = others.keys();
        oldest?.close(closeCodes.replaced.code, closeCodes.replaced.reason);
        if (oldest !== undefined) registry.remove(userId, oldest);
      }
      registry.register(userId, this.#ws, this.#transport);
    }
    // In the turn of the registration: the position is exactly where this socket's events begin.
    this.#send({ type: 'authenticated', userId, position: broadcaster.position() });
  }

  #noteActivity(): void {
    clearTimeout(this.#idle);
    if (this.#state === 'ended') return;
    this.#idle = setTimeout(() => this.#refuse('idle', 'Nobody was here for a while.', closeCodes.idle), this.#options.limits.idleMs).unref();
  }

  #expireAt(expiresAt: number): void {
    clearTimeout(this.#deadline);
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
    clearTimeout(this.#idle);
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
