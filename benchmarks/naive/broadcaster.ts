/** The naive broadcaster's process: each completed job is relayed to the sockets of its event's user. */
import { QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import { WebSocketServer, type WebSocket } from 'ws';

import { serveCommands } from '../support/commands.js';
import { naiveNames, type NaiveResult } from './naiveNames.js';

const url = process.env['REDIS_URL'] ?? '';
const redis = new Redis(url, { protocol: 2, maxRetriesPerRequest: null });
const sockets = new Map<string, Set<WebSocket>>();

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.env['ANALYTICS_WS_PORT']) });
server.on('connection', (socket) => {
  socket.once('message', (data) => {
    const { userId } = JSON.parse(String(data)) as { userId: string };
    sockets.set(userId, (sockets.get(userId) ?? new Set()).add(socket));
    socket.on('close', () => sockets.get(userId)?.delete(socket));
    socket.send(JSON.stringify({ type: 'authenticated', userId }));
  });
});

const events = new QueueEvents(naiveNames.queue, {
  connection: { url, maxRetriesPerRequest: null, protocol: 2 },
});
events.on('error', (error) => console.error(error));
events.on('completed', ({ returnvalue }) => void relay(returnvalue as unknown as NaiveResult));

/** Reads an event back only when somebody who is connected may see it. */
async function relay({ id, type, userId }: NaiveResult): Promise<void> {
  const audience = sockets.get(userId);
  if (!audience?.size) return;
  const event = await redis.hget(naiveNames.events(type), id);
  for (const socket of audience) socket.send(`{"type":"analytics_event","event":${event}}`);
}

serveCommands({});
