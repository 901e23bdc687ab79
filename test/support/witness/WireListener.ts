import { Socket } from 'node:net';

/** Commands are gathered, since most are small, and a search costs more to begin than to go on. */
const GATHERED_BYTES = 256 * 1024;

type Write = (this: Socket, ...given: unknown[]) => boolean;

/**
 * Hears what this process sends to the Redis servers of its tests, before TLS hides it. Jobs that were done are in no keyspace
 * any more; as they were put into it, they pass here.
 *
 * It stands in the prototype of all sockets: the channel `net.client.socket` is silent in Node 20 once `node:net` was loaded.
 */
export class WireListener {
  readonly #ports = new Set<number>();
  readonly #heard: (bytes: Buffer) => void;
  readonly #gathered = Buffer.allocUnsafe(GATHERED_BYTES);
  #used = 0;
  #silence: () => void = () => undefined;

  constructor(heard: (bytes: Buffer) => void) {
    this.#heard = heard;
  }

  add(port: number): void {
    if (this.#ports.size === 0) this.#listen();
    this.#ports.add(port);
  }

  remove(port: number): void {
    this.flush();
    this.#ports.delete(port);
    // The prototype is the jest worker's, and outlives the test file.
    if (this.#ports.size === 0) this.#silence();
  }

  flush(): void {
    if (this.#used === 0) return;
    this.#heard(this.#gathered.subarray(0, this.#used));
    this.#used = 0;
  }

  #listen(): void {
    const before = Object.getOwnPropertyDescriptor(Socket.prototype, 'write');
    const write = Reflect.get(Socket.prototype, 'write') as Write; // it has three signatures
    const take = (port: number | undefined, data: unknown): void => {
      if (port !== undefined && this.#ports.has(port)) this.#take(data as string | Uint8Array); // no other may be written
    };
    const listening: Write = function (...given) {
      take(this.remotePort, given[0]);
      return write.apply(this, given);
    };
    Object.defineProperty(Socket.prototype, 'write', { value: listening, configurable: true, writable: true });
    this.#silence = () => {
      if (before === undefined) Reflect.deleteProperty(Socket.prototype, 'write');
      else Object.defineProperty(Socket.prototype, 'write', before);
    };
  }

  #take(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.length > GATHERED_BYTES - this.#used) this.flush();
    if (bytes.length > GATHERED_BYTES) this.#heard(bytes);
    else this.#used += bytes.copy(this.#gathered, this.#used);
  }
}
