/**
 * Many at once, with a result for each: one bad item does not fail the others.
 *
 * Prints:
 *   Event 1: tracked
 *   Event 2: VALIDATION_FAILED
 *   Event 3: tracked
 *   2 of 2 samples tracked
 */
import { AnalyticsService, EventType } from '@/lib/services/analytics/AnalyticsService';

const analyticsService = new AnalyticsService();

const results = await analyticsService.trackEvents([
  { type: EventType.PAGE_VIEW, userId: 'user-123', properties: { page: '/journal' } },
  { type: EventType.PAGE_VIEW, userId: 'user-123', properties: { page: '/mood' }, timestamp: Number.NaN },
  { type: EventType.PERFORMANCE, properties: { page: '/mood', paintMs: 320 } },
]);
for (const [index, result] of results.entries()) {
  console.log(`Event ${index + 1}: ${result.ok ? 'tracked' : result.error.code}`);
}

const samples = await analyticsService.trackMetrics([
  { name: 'api_response_time', value: 80, tags: { endpoint: '/api/mood', method: 'GET', status: '200' } },
  { name: 'active_users', value: 1260, tags: { type: 'daily', source: 'web' } },
]);
console.log(`${samples.filter(({ ok }) => ok).length} of ${samples.length} samples tracked`);

await analyticsService.close();
