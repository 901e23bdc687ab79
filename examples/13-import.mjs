/**
 * The built package, imported from an ES module.
 *
 * Prints:
 *   Tracked: …
 */
import { AnalyticsService, EventPriority, EventType } from 'analytics-service';

const analyticsService = new AnalyticsService();
const id = await analyticsService.trackEvent({
  type: EventType.PAGE_VIEW,
  priority: EventPriority.LOW,
  userId: 'user-123',
  properties: { page: '/home' },
});
console.log('Tracked:', id);
await analyticsService.close();
