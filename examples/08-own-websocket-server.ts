/**
 * Live events over a WebSocket server of your own, which has its own way to know its users.
 *
 * Prints:
 *   New event: security of user-789
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { WebSocket, WebSocketServer } from 'ws';

import { AnalyticsService, EventPriority, EventType } from '@/lib/services/analytics/AnalyticsService';

const analyticsService = new AnalyticsService();

// In your server:
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', (ws) => {
  // Your own sign-in comes first; from here on this socket gets what user-789 may see. It is let go when it closes.
  analyticsService.registerClient('user-789', ws);
});
await once(server, 'listening');

// In your client:
const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
await once(client, 'open');

await analyticsService.trackEvent({
  type: EventType.SECURITY,
  priority: EventPriority.CRITICAL,
  userId: 'user-789',
  properties: { action: 'login', success: true },
});
const [data] = await once(client, 'message');
const { event } = JSON.parse(String(data));
console.log('New event:', `${event.type} of ${event.userId}`);

// Lets go of all sockets of a user at once.
analyticsService.unregisterClient('user-789');
client.close();
server.close();
await analyticsService.close();
