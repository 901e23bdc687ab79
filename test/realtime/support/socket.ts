import { once } from 'node:events';

import { WebSocket, type ClientOptions } from 'ws';

import { serverMessageSchema, type ServerMessage } from '../../../src/contract/socketProtocol.js';

/** A real client that keeps what it receives. Every message is held against the contract. */
export interface TestSocket {
  readonly ws: WebSocket;
  readonly messages: ServerMessage[];
  /** Ids of the events received, in order. */
  eventIds(): string[];
  send(message: unknown): void;
  /** Close code and reason, once it is closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  close(): Promise<void>;
}

export async function openSocket(url: string, options: ClientOptions = {}): Promise<TestSocket> {
  const ws = new WebSocket(url, options);
  const messages: ServerMessage[] = [];
  ws.on('message', (data) => messages.push(serverMessageSchema.parse(JSON.parse(String(data)))));
  ws.on('error', () => undefined);
  // Not events.once, which would reject with the error that comes before the close.
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await once(ws, 'open');
  return {
    ws,
    messages,
    eventIds: () => messages.flatMap((message) => (message.type === 'analytics_event' ? [message.event.id] : [])),
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    closed,
    async close() {
      ws.close();
      await closed;
    },
  };
}

/** Opens a socket, signs in and waits for the answer. */
export async function signIn(url: string, userId: string, token?: string): Promise<TestSocket> {
  const socket = await openSocket(url);
  socket.send({ type: 'authenticate', userId, token });
  await until(() => socket.messages.some((message) => message.type === 'authenticated'));
  return socket;
}

/** Waits for a condition; the test's own time limit bounds it. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`This did not come true within ${withinMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
