import { queuePlaces } from '../../../queues/names.js';
import { createBroadcaster, type Broadcaster } from '../../../src/realtime/Broadcaster.js';
import { ClientRegistry } from '../../../src/realtime/ClientRegistry.js';
import { SocketServer } from '../../../src/realtime/SocketServer.js';
import { connect } from '../../../src/redis/connect.js';
import { openAccess } from '../../support/access.js';
import type { TestStore } from './pipeline.js';
import { signIn, type TestSocket } from './socket.js';

export interface ServedSockets {
  readonly url: string;
  readonly broadcaster: Broadcaster;
  /** What the broadcaster met. */
  readonly errors: unknown[];
  /** Signs in, without a token; the socket ends with `close`. */
  readonly join: (userId: string) => Promise<TestSocket>;
  close(): Promise<void>;
}

/** A broadcaster of the store's events with a socket server in front, in development's manner. */
export async function serveSockets(redisUrl: string, { keys, keyRing }: TestStore, options: { pollMs: number; mostBufferedBytes?: number }): Promise<ServedSockets> {
  const redis = connect(redisUrl, 'patient', 'test-broadcaster', () => undefined);
  const registry = new ClientRegistry();
  const errors: unknown[] = [];
  const broadcaster = createBroadcaster({ redis, keys, keyRing, registry, queuePlace: queuePlaces(keys).events, onError: (error) => errors.push(error), ...options });
  await broadcaster.start();
  const { gate, revocations } = openAccess();
  const socketServer = new SocketServer({
    gate,
    revocations,
    lockOut: undefined,
    host: '127.0.0.1', port: 0, registry, broadcaster, figures: broadcaster.figures, allowBareAuthentication: true,
    verifier: { verify: async () => Promise.reject(new Error('no tokens here')) },
  });
  const { port } = await socketServer.listen();
  const url = `ws://127.0.0.1:${port}`;
  const joined: TestSocket[] = [];
  return {
    url,
    broadcaster,
    errors,
    async join(userId) {
      const socket = await signIn(url, userId);
      joined.push(socket);
      return socket;
    },
    async close() {
      for (const { ws } of joined) ws.terminate();
      await socketServer.close();
      await broadcaster.close();
      redis.disconnect();
    },
  };
}
