import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { FaultyPipe, type PipeFault } from './FaultyPipe.js';

/** What a proxy does to the bytes that pass; an empty object lets them through untouched. */
export interface ProxyFault {
  /** Requests. */
  readonly toServer?: PipeFault;
  /** Replies. */
  readonly toClient?: PipeFault;
  /** New connections are reset at once. Default: false. */
  readonly isRefusing?: boolean;
  /** Strikes the connections that come from this address alone, such as 127.0.0.2: who is on which side of a partition. Default: all. */
  readonly from?: string;
}

interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  readonly pipes: readonly [FaultyPipe, FaultyPipe];
  losesReply: boolean;
}

/** A TCP proxy on 127.0.0.1 between two processes of a test, which does what networks do. */
export class FaultProxy {
  readonly #server: Server;
  readonly #passages = new Set<Passage>();
  #fault: ProxyFault = {};
  #repliesToLose = 0;
  #repliesLost = 0;
  #isLosable: (request: Buffer) => boolean = () => true;

  private constructor(targetPort: number) {
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client, targetPort));
  }

  static async listen(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // a server that listens on TCP has an address object
  }

  get connections(): number {
    return this.#passages.size;
  }

  /** Replies that `loseReplies` has swallowed so far. */
  get repliesLost(): number {
    return this.#repliesLost;
  }

  /** From now on, for open and new connections. What is held back by the last fault passes as this one lets it. */
  set(fault: ProxyFault): void {
    this.#fault = fault;
    for (const { pipes } of this.#passages) for (const pipe of pipes) pipe.pump();
  }

  /** Lets everything pass, what a half-open connection held back first: as TCP does when a partition ends. */
  heal(): void {
    this.#repliesToLose = 0;
    this.set({});
  }

  /** Resets all open connections. */
  reset(): void {
    for (const passage of this.#passages) this.#cut(passage);
  }

  /**
   * The next `count` requests reach the server and are carried out; their replies do not come back, and the connection is
   * reset instead. Killing a process hardly ever meets this moment.
   *
   * @param isLosable which requests; given the bytes as they came, which may be a part of a request, or several
   */
  loseReplies(count: number, isLosable: (request: Buffer) => boolean = () => true): void {
    this.#repliesToLose = count;
    this.#isLosable = isLosable;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.reset();
    await once(this.#server, 'close');
  }

  #accept(client: Socket, targetPort: number): void {
    client.on('error', () => undefined); // 'close' follows, and is all that matters
    const address = client.remoteAddress;
    const fault = (): ProxyFault => (this.#fault.from === undefined || this.#fault.from === address ? this.#fault : {});
    if (fault().isRefusing === true) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    server.on('error', () => undefined);
    const cut = (): void => this.#cut(passage);
    const passage: Passage = {
      client,
      server,
      losesReply: false,
      pipes: [
        new FaultyPipe(client, server, { fault: () => fault().toServer ?? {}, cut, onPass: (bytes) => this.#onRequest(passage, bytes) }),
        new FaultyPipe(server, client, { fault: () => fault().toClient ?? {}, cut, onPass: () => this.#onReply(passage) }),
      ],
    };
    this.#passages.add(passage);
    client.on('close', cut);
    server.on('close', () => passage.pipes[1].finish(cut));
  }

  #onRequest(passage: Passage, bytes: Buffer): boolean {
    if (this.#repliesToLose > 0 && !passage.losesReply && this.#isLosable(bytes)) {
      this.#repliesToLose -= 1;
      passage.losesReply = true;
    }
    return true;
  }

  #onReply(passage: Passage): boolean {
    if (!passage.losesReply) return true;
    this.#repliesLost += 1;
    this.#cut(passage);
    return false;
  }

  #cut(passage: Passage): void {
    if (!this.#passages.delete(passage)) return;
    for (const pipe of passage.pipes) pipe.stop();
    passage.client.resetAndDestroy();
    passage.server.resetAndDestroy();
  }
}
