/**
 * Tracking events: each call resolves with the event's id once Redis has it.
 *
 * Prints:
 *   Tracked a user action: …-…-7…-…-…
 *   Tracked a therapy session: …-…-7…-…-…
 */
import { AnalyticsService, EventPriority, EventType } from '@/lib/services/analytics/AnalyticsService';

const analyticsService = new AnalyticsService();

// Track a user action
const actionId = await analyticsService.trackEvent({
  type: EventType.USER_ACTION,
  priority: EventPriority.NORMAL,
  userId: 'user-123',
  sessionId: 'session-456',
  properties: {
    action: 'click',
    target: 'submit-button',
    page: '/therapy/session',
  },
  metadata: {
    browser: 'Chrome',
    os: 'macOS',
    timestamp: Date.now(),
  },
});
console.log('Tracked a user action:', actionId);

// Track a therapy session
const sessionId = await analyticsService.trackEvent({
  type: EventType.THERAPY_SESSION,
  priority: EventPriority.HIGH,
  userId: 'user-123',
  sessionId: 'therapy-789',
  properties: {
    duration: 3600,
    type: 'cbt',
    outcome: 'completed',
  },
});
console.log('Tracked a therapy session:', sessionId);

await analyticsService.close();
