/**
 * WebSocket integration as it is in production: a token proves who the client is, and a client whose connection breaks
 * connects again by itself. Get a token with `npm run -s token -- user-123`.
 *
 *   npx tsx examples/07-websocket-token.ts user-123 "$(npm run -s token -- user-123)"
 *
 * Prints:
 *   Signed in as user-123
 *   Connection lost, trying again in 100 ms
 *   Signed in as user-123
 *   New event: notification of user-123
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { WebSocket } from 'ws';

import { AnalyticsService, EventType } from '@/lib/services/analytics/AnalyticsService';

const [userId = 'user-123', token] = process.argv.slice(2);
const url = `ws://localhost:${process.env['ANALYTICS_WS_PORT'] ?? 8083}`;
const analyticsService = new AnalyticsService();
let connections = 0;
let isDone = false;

while (!isDone) {
  await listen();
  if (isDone) break;
  console.log('Connection lost, trying again in 100 ms');
  await sleep(100);
}
await analyticsService.close();

/** Signs in and handles what arrives; resolves when the connection has ended. */
async function listen(): Promise<void> {
  const ws = new WebSocket(url);
  ws.on('error', () => {}); // 'close' follows, and that is where we act.
  ws.on('open', () => ws.send(JSON.stringify({ type: 'authenticate', userId, token })));
  ws.on('message', (data) => {
    const message = JSON.parse(data.toString());
    if (message.type === 'authenticated') {
      console.log('Signed in as', message.userId);
      connections += 1;
      // For the sake of the example: the first connection breaks, on the second one an event arrives.
      if (connections === 1) ws.terminate();
      else void analyticsService.trackEvent({ type: EventType.NOTIFICATION, userId, properties: { channel: 'push' } });
    }
    if (message.type === 'analytics_event') {
      console.log('New event:', `${message.event.type} of ${message.event.userId}`);
      isDone = true;
      ws.close();
    }
  });
  await new Promise((resolve) => ws.once('close', resolve));
}
