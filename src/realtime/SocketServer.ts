import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';

import type { AccessGate } from '../access/AccessGate.js';
import type { Revocations } from '../access/revocation/Revocations.js';
import { isLoopback } from '../config/isLoopback.js';
import { closeCodes } from '../contract/socketProtocol.js';
import { clientAddress, type ClientAddress } from '../doors/clientAddress.js';
import { createWebServer } from '../doors/createWebServer.js';
import type { LockOut } from '../doors/LockOut.js';
import type { ServerCertificate } from '../doors/ServerCertificate.js';
import type { TokenVerifier } from '../security/tokens.js';
import type { Broadcaster } from './Broadcaster.js';
import type { ClientRegistry } from './ClientRegistry.js';
import { Connection } from './Connection.js';
import type { RealtimeFigures } from './RealtimeFigures.js';
import { socketLimits, type SocketLimits } from './socketLimits.js';

export interface SocketServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly registry: ClientRegistry;
  /** Has to be started. */
  readonly broadcaster: Pick<Broadcaster, 'position'>;
  readonly verifier: TokenVerifier;
  readonly figures: RealtimeFigures;
  readonly gate: Pick<AccessGate, 'enter' | 'denied'>;
  readonly revocations: Pick<Revocations, 'isRevoked' | 'watch'>;
  /** Keeps out for a while who sends one bad token after another. Undefined where an address tells nobody from anybody. */
  readonly lockOut: Pick<LockOut, 'lockedFor' | 'failed'> | undefined;
  /** Where a client is. Default: where the connection comes from. */
  readonly addressOf?: ClientAddress;
  /** For `wss://`. Default: none, and connections in clear. */
  readonly certificate?: ServerCertificate | undefined;
  /**
   * Accepts `authenticate` without a token from this machine. Never for a connection that came through a proxy or from
   * a page of another site: then any page that a developer opens could read along. Default false.
   */
  readonly allowBareAuthentication?: boolean;
  /** Values of `Origin` that may connect. Default: all, since a page needs a token, which no browser sends by itself. */
  readonly allowedOrigins?: readonly string[];
  readonly limits?: Partial<SocketLimits>;
}

/** Where clients connect. */
export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #limits: SocketLimits;
  readonly #addressOf: ClientAddress;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  readonly #unwatch: () => void;
  #unauthenticated = 0;
  #closing: Promise<void> | undefined;

  constructor(options: SocketServerOptions) {
    this.#options = options;
    this.#limits = { ...socketLimits, ...options.limits };
    this.#addressOf = options.addressOf ?? clientAddress();
    this.#unwatch = options.revocations.watch(() => {
      for (const connection of this.#connections) connection.recheck();
    });
    const { messageBytes, closeWithinMs } = this.#limits;
    // closeTimeout and maxPendingAutoPongs are younger than the types of ws.
    const settings: ServerOptions & { closeTimeout: number; maxPendingAutoPongs: number } = {
      noServer: true,
      maxPayload: messageBytes,
      maxFragments: 16,
      maxBufferedChunks: 1024,
      maxPendingAutoPongs: 8,
      closeTimeout: closeWithinMs,
      // Compressing secrets together with what others can choose gives the secrets away (CRIME).
      perMessageDeflate: false,
    };
    this.#sockets = new WebSocketServer(settings);
    this.#http = createWebServer({ headersTimeout: 5000, requestTimeout: 10_000 }, options.certificate);
    this.#http.on('request', (_request, response) => {
      response.writeHead(426, { Upgrade: 'websocket', Connection: 'close', 'Content-Type': 'text/plain' }).end('This port speaks WebSocket.\n');
    });
    this.#http.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
  }

  /** @returns where it listens */
  async listen(): Promise<AddressInfo> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host.replace(/^\[|\]$/g, ''), () => {
        this.#http.off('error', reject);
        resolve();
      });
    });
    // It listens on a port, so the address is no path.
    return this.#http.address() as AddressInfo;
  }

  /** Takes no more connections and ends those that there are with 1012, by force after `closeWithinMs`. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#unwatch();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeIdleConnections();
    for (const ws of this.#sockets.clients) ws.close(closeCodes.restarting.code, closeCodes.restarting.reason);
    await Promise.race([closed, sleep(this.#limits.closeWithinMs, undefined, { ref: false })]);
    for (const ws of this.#sockets.clients) ws.terminate();
    this.#http.closeAllConnections();
    await Promise.race([closed, sleep(this.#limits.closeWithinMs, undefined, { ref: false })]);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Until ws takes over nobody else listens, and an error without a listener ends the process.
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    const { allowedOrigins, lockOut } = this.#options;
    const { origin } = request.headers;
    if (allowedOrigins !== undefined && origin !== undefined && !allowedOrigins.includes(origin)) return this.#reject(socket, 403);
    if (this.#unauthenticated >= this.#limits.unauthenticated || !this.#hasRoom()) return this.#rejectFull(socket);
    const address = this.#addressOf(request);
    if (lockOut !== undefined) {
      // Whoever is asked about takes the place of one that has not signed in: they come in any number while Redis is slow.
      this.#unauthenticated += 1;
      const lockedMs = await lockOut.lockedFor(address);
      this.#unauthenticated -= 1;
      if (socket.destroyed) return;
      if (lockedMs > 0) return this.#reject(socket, 429, `Retry-After: ${Math.ceil(lockedMs / 1000)}\r\n`);
      if (!this.#hasRoom()) return this.#rejectFull(socket);
    }
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      socket.off('error', onError);
      this.#accept(ws, request, address);
    });
  }

  #hasRoom(): boolean {
    return this.#sockets.clients.size < this.#limits.connections && this.#closing === undefined;
  }

  #accept(ws: WebSocket, request: IncomingMessage, address: string): void {
    const { registry, broadcaster, verifier, figures, gate, revocations, lockOut, allowBareAuthentication = false } = this.#options;
    let isCounted = true;
    this.#unauthenticated += 1;
    figures.connections += 1;
    const onAuthenticated = (): void => {
      if (isCounted) this.#unauthenticated -= 1;
      isCounted = false;
    };
    ws.once('close', () => {
      figures.connections -= 1;
      onAuthenticated();
    });
    const mayComeBare = allowBareAuthentication && isFromHere(request);
    const connection = new Connection(ws, request.socket, { registry, broadcaster, verifier, figures, gate, revocations, lockOut, address, limits: this.#limits, mayComeBare, onAuthenticated });
    this.#connections.add(connection);
    ws.once('close', () => this.#connections.delete(connection));
  }

  #rejectFull(socket: Duplex): void {
    this.#reject(socket, 503, `Retry-After: ${1 + Math.floor(Math.random() * 5)}\r\n`);
  }

  #reject(socket: Duplex, status: number, headers = ''): void {
    this.#options.figures.refusedConnections += 1;
    socket.once('finish', () => socket.destroy());
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`);
  }
}

/** Whether a request comes from this machine itself: no proxy, no page of another site. */
function isFromHere(request: IncomingMessage): boolean {
  const { headers, socket } = request;
  const peer = socket.remoteAddress?.replace(/^::ffff:/, '');
  if (peer === undefined || !isLoopback(peer)) return false;
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false;
  const hosts = [headers.origin, headers.host === undefined ? undefined : `http://${headers.host}`];
  return hosts.every((host) => host === undefined || isLoopback(hostOf(host)));
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}
