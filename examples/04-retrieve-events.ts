/**
 * Retrieving events: by type and time, newest first.
 *
 * Prints:
 *   Found again: click on reminder by user-123
 *   Therapy sessions of this week: 1 or more
 */
import { AnalyticsService, EventType } from '@/lib/services/analytics/AnalyticsService';

import { eventually } from './support/eventually.js';

const analyticsService = new AnalyticsService();
const weekEnd = Date.now();
const weekStart = weekEnd - 7 * 24 * 60 * 60 * 1000;

await analyticsService.trackEvent({
  type: EventType.THERAPY_SESSION,
  userId: 'user-123',
  properties: { duration: 3000, type: 'cbt', outcome: 'completed' },
  timestamp: weekEnd,
});
const id = await analyticsService.trackEvent({
  type: EventType.USER_ACTION,
  userId: 'user-123',
  properties: { action: 'click', target: 'reminder' },
});

// Get recent user actions
const events = await eventually(
  () =>
    analyticsService.getEvents({
      type: EventType.USER_ACTION,
      startTime: Date.now() - 24 * 60 * 60 * 1000, // Last 24 hours
      endTime: Date.now(),
      limit: 100,
      offset: 0,
    }),
  (actions) => actions.some((event) => event.id === id),
);
const found = events.find((event) => event.id === id);
console.log('Found again:', found?.properties['action'], 'on', found?.properties['target'], 'by', found?.userId);

// Get therapy sessions
const sessions = await eventually(
  () =>
    analyticsService.getEvents({
      type: EventType.THERAPY_SESSION,
      startTime: weekStart,
      endTime: weekEnd,
    }),
  (stored) => stored.length > 0,
);
console.log(`Therapy sessions of this week: ${sessions.length > 0 ? '1 or more' : 'none'}`);

await analyticsService.close();
