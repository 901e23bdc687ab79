/**
 * Event types and priorities: the built-in ones, one of your own with a shape that is checked, and CUSTOM for the rest.
 *
 * Prints:
 *   Types: page_view, user_action, therapy_session, notification, error, security, performance, custom
 *   Priorities: low, normal, high, critical
 *   Tracked a mood_check_in.
 *   Refused: properties.mood
 *   Tracked a custom event.
 */
import { z } from 'zod';

import { defineEventType, ValidationError } from '@/index';
import { AnalyticsService, EventPriority, EventType } from '@/lib/services/analytics/AnalyticsService';

console.log('Types:', Object.values(EventType).join(', '));
console.log('Priorities:', Object.values(EventPriority).join(', '));

const moodCheckIn = defineEventType('mood_check_in', {
  schema: z.object({ mood: z.number().int().min(1).max(10) }),
  priority: EventPriority.HIGH,
  retentionDays: 30,
});

const analyticsService = new AnalyticsService();
await analyticsService.trackEvent({ type: moodCheckIn, userId: 'user-123', properties: { mood: 7 } });
console.log('Tracked a mood_check_in.');

try {
  await analyticsService.trackEvent({ type: moodCheckIn, userId: 'user-123', properties: { mood: 11 } });
} catch (error) {
  if (!(error instanceof ValidationError)) throw error;
  console.log('Refused:', error.issues.map(({ path }) => path).join(', '));
}

await analyticsService.trackEvent({ type: EventType.CUSTOM, properties: { anything: { goes: ['here'] } } });
console.log('Tracked a custom event.');
await analyticsService.close();
