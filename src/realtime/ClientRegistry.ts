import type { Socket } from 'node:net';

import { WebSocket } from 'ws';

/** One socket that receives the events of one user. */
export interface Client {
  readonly userId: string;
  readonly ws: WebSocket;
  /** What `ws` writes to, where it is known: several messages of one turn leave in one write. */
  readonly transport: Socket | undefined;
  /** Counts up with every registration: tells who was there when a page of the feed arrived. */
  readonly sequence: number;
}

/** Told when a user's first socket comes and when the last one goes. */
export interface UserWatcher {
  userAdded(userId: string): void;
  userRemoved(userId: string): void;
}

interface Entry extends Client {
  readonly onClose: () => void;
}

/** Which sockets belong to which user. A socket that closes leaves by itself; a user without sockets leaves nothing. */
export class ClientRegistry {
  readonly #users = new Map<string, Map<WebSocket, Entry>>();
  readonly #watchers = new Set<UserWatcher>();
  #sequence = 0;
  #size = 0;

  /** The number of the last registration. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Registered sockets; one registered for two users counts twice. */
  get size(): number {
    return this.#size;
  }

  get userCount(): number {
    return this.#users.size;
  }

  /** Sends the user's events to this socket from now on. A socket that is closed already, or known, changes nothing. */
  register(userId: string, ws: WebSocket, transport?: Socket): void {
    if (ws.readyState === WebSocket.CLOSING || ws.readyState === WebSocket.CLOSED) return;
    let sockets = this.#users.get(userId);
    if (sockets?.has(ws) === true) return;
    const isNew = sockets === undefined;
    sockets ??= new Map();
    if (isNew) this.#users.set(userId, sockets);
    const onClose = (): void => this.remove(userId, ws);
    this.#sequence += 1;
    sockets.set(ws, { userId, ws, transport, sequence: this.#sequence, onClose });
    this.#size += 1;
    ws.once('close', onClose);
    if (isNew) for (const watcher of this.#watchers) watcher.userAdded(userId);
  }

  /** Forgets every socket of the user. The sockets stay open. */
  unregister(userId: string): void {
    for (const ws of [...(this.#users.get(userId)?.keys() ?? [])]) this.remove(userId, ws);
  }

  /** Forgets one socket of the user. It stays open. */
  remove(userId: string, ws: WebSocket): void {
    const sockets = this.#users.get(userId);
    const entry = sockets?.get(ws);
    if (sockets === undefined || entry === undefined) return;
    ws.off('close', entry.onClose);
    sockets.delete(ws);
    this.#size -= 1;
    if (sockets.size > 0) return;
    this.#users.delete(userId);
    for (const watcher of this.#watchers) watcher.userRemoved(userId);
  }

  /** The user's sockets, oldest registration first; undefined for a user who has none. */
  clientsOf(userId: string): ReadonlyMap<WebSocket, Client> | undefined {
    return this.#users.get(userId);
  }

  users(): Iterable<string> {
    return this.#users.keys();
  }

  *clients(): Generator<Client> {
    for (const sockets of this.#users.values()) yield* sockets.values();
  }

  /** @returns a function that ends the watching */
  watch(watcher: UserWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
