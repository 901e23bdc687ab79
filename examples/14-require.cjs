/**
 * The built package, required from CommonJS (Node 20.19 and above).
 *
 * Prints:
 *   Tracked: …
 */
const { AnalyticsService, EventPriority, EventType } = require('analytics-service');

async function main() {
  const analyticsService = new AnalyticsService();
  const id = await analyticsService.trackEvent({
    type: EventType.PAGE_VIEW,
    priority: EventPriority.LOW,
    userId: 'user-123',
    properties: { page: '/home' },
  });
  console.log('Tracked:', id);
  await analyticsService.close();
}

void main();
