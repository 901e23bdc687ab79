/** A process with one WebSocket that signs in as one user and notes what it receives and when. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { WebSocket } from 'ws';
import { z } from 'zod';

import { nowUs } from './clock.js';
import { serveCommands } from './commands.js';

const messageSchema = z.object({
  type: z.string(),
  event: z.object({ id: z.string(), userId: z.string() }).optional(),
});

export type ClientCommands = {
  /** Tries until the server is up, then signs in. */
  connect(input: { readonly url: string; readonly userId: string; readonly token?: string }): Promise<void>;
  received(input: undefined): Promise<{ readonly count: number; readonly lastUs: number; readonly foreign: number }>;
  /** Every event received so far: id → when, in µs. */
  arrivals(input: undefined): Promise<Record<string, number>>;
};

const arrivals = new Map<string, number>();
let lastUs = 0;
let foreign = 0;

const commands: ClientCommands = {
  async connect({ url, userId, token }) {
    const socket = await open(url);
    socket.send(JSON.stringify({ type: 'authenticate', userId, token }));
    await new Promise<void>((resolve, reject) => {
      socket.on('close', (code) => reject(new Error(`The server closed the socket (${code}).`)));
      socket.on('message', (data) => {
        const message = messageSchema.parse(JSON.parse(String(data)));
        if (message.type === 'authenticated') resolve();
        if (message.event === undefined) return;
        lastUs = nowUs();
        arrivals.set(message.event.id, lastUs);
        if (message.event.userId !== userId) foreign += 1;
      });
    });
  },
  async received() {
    return { count: arrivals.size, lastUs, foreign };
  },
  async arrivals() {
    return Object.fromEntries(arrivals);
  },
};
serveCommands(commands);

async function open(url: string): Promise<WebSocket> {
  for (;;) {
    const socket = new WebSocket(url);
    try {
      await once(socket, 'open');
      return socket;
    } catch {
      await sleep(100);
    }
  }
}
