/**
 * Tracking metrics: a name, a number, and tags by which they are found again.
 *
 * Prints:
 *   Tracked 2 samples.
 */
import { AnalyticsService } from '@/lib/services/analytics/AnalyticsService';

const analyticsService = new AnalyticsService();

// Track API response time
await analyticsService.trackMetric({
  name: 'api_response_time',
  value: 150, // milliseconds
  tags: {
    endpoint: '/api/therapy/session',
    method: 'POST',
    status: '200',
  },
});

// Track active users
await analyticsService.trackMetric({
  name: 'active_users',
  value: 1250,
  tags: {
    type: 'daily',
    source: 'web',
  },
});

console.log('Tracked 2 samples.');
await analyticsService.close();
