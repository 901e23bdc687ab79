/**
 * WebSocket integration, the shortest way: in development and on this machine a user id is enough to sign in.
 *
 * Prints:
 *   Signed in as user-123
 *   New event: user_action of user-123
 */
import { WebSocket } from 'ws';

import { AnalyticsService, EventType } from '@/lib/services/analytics/AnalyticsService';

const analyticsService = new AnalyticsService();

// In your client code:
const ws = new WebSocket(`ws://localhost:${process.env['ANALYTICS_WS_PORT'] ?? 8083}`);

ws.on('open', () => {
  // Authenticate
  ws.send(
    JSON.stringify({
      type: 'authenticate',
      userId: 'user-123',
    }),
  );
});

// Listen for events
ws.on('message', (data) => {
  const message = JSON.parse(data.toString());
  if (message.type === 'authenticated') {
    console.log('Signed in as', message.userId);
    // Something for each of two users: only our own arrives.
    void analyticsService.trackEvent({ type: EventType.USER_ACTION, userId: 'user-456', properties: { action: 'open' } });
    void analyticsService.trackEvent({ type: EventType.USER_ACTION, userId: 'user-123', properties: { action: 'click' } });
  }
  if (message.type === 'analytics_event') {
    console.log('New event:', `${message.event.type} of ${message.event.userId}`);
    ws.close();
    void analyticsService.close();
  }
});
