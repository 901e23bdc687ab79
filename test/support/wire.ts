import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy that keeps every byte that passes, in both directions. */
export interface Wire {
  readonly port: number;
  /** All that has passed so far, connection by connection. */
  bytes(): Buffer[];
  /** From now on nothing passes, and the connections stay open: as when a network swallows packets. */
  stall(): void;
  resume(): void;
  close(): Promise<void>;
}

/** Opens a proxy on a free port of 127.0.0.1 to `target` of the same. */
export async function recordWire(target: number): Promise<Wire> {
  const recordings: Buffer[][] = [];
  const sockets = new Set<Socket>();
  let isStalled = false;

  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      const recording: Buffer[] = [];
      recordings.push(recording);
      sockets.add(from);
      from.setNoDelay(true);
      if (isStalled) from.pause();
      from.on('data', (data: Buffer) => {
        recording.push(data);
        to.write(data);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    bytes: () => recordings.map((parts) => Buffer.concat(parts)),
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
