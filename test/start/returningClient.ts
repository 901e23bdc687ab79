import { once } from 'node:events';

import { WebSocket } from 'ws';
import { z } from 'zod';

const messageSchema = z.object({ type: z.string(), event: z.object({ id: z.string(), userId: z.string() }).optional() });

/** A client that signs in again, as soon as its socket is closed. */
export interface ReturningClient {
  /** ms from each socket's end until the next one was signed in. */
  readonly absences: readonly number[];
  /** Ids of the events of each connection, as they came. */
  readonly connections: readonly (readonly string[])[];
  /** Users of others whose events came. */
  readonly foreign: readonly string[];
  stop(): Promise<void>;
}

const AGAIN_MS = 50;

/** Resolves once it is signed in for the first time. */
export async function startReturningClient(url: string, userId: string, token: string): Promise<ReturningClient> {
  const absences: number[] = [];
  const connections: string[][] = [];
  const foreign: string[] = [];
  let isStopped = false;
  let current: WebSocket | undefined;
  let absentSince: number | undefined;
  let onFirst: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (onFirst = resolve));

  const connectOnce = async (): Promise<void> => {
    const socket = new WebSocket(url);
    current = socket;
    const closed = once(socket, 'close').catch(() => undefined);
    socket.on('error', () => undefined);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'authenticate', userId, token })));
    socket.on('message', (data) => {
      const { type, event } = messageSchema.parse(JSON.parse(String(data)));
      if (type === 'authenticated') {
        if (absentSince !== undefined) absences.push(performance.now() - absentSince);
        connections.push([]);
        onFirst();
      }
      if (event === undefined) return;
      connections.at(-1)?.push(event.id);
      if (event.userId !== userId) foreign.push(event.userId);
    });
    await closed;
  };
  const staying = (async () => {
    while (!isStopped) {
      const before = connections.length;
      await connectOnce();
      // A try that came to nothing does not begin the absence anew.
      if (connections.length > before || absentSince === undefined) absentSince = performance.now();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  })();
  await first;
  return {
    absences,
    connections,
    foreign,
    async stop() {
      isStopped = true;
      current?.close();
      await staying;
    },
  };
}
