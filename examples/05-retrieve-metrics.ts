/**
 * Retrieving metrics: by name, time and tags, oldest first. Every tag that is given has to match.
 *
 * Prints:
 *   Slowest answer of /api/therapy/session today: 150 ms
 *   Active users at last: 1250
 */
import { AnalyticsService } from '@/lib/services/analytics/AnalyticsService';

import { eventually } from './support/eventually.js';

const analyticsService = new AnalyticsService();
const dayStart = Date.now() - 60 * 60 * 1000;
const dayEnd = Date.now() + 60 * 60 * 1000;

await analyticsService.trackMetric({
  name: 'api_response_time',
  value: 150,
  tags: { endpoint: '/api/therapy/session', method: 'POST', status: '200' },
});
await analyticsService.trackMetric({ name: 'active_users', value: 1250, tags: { type: 'daily', source: 'web' } });

// Get API response times
const responseTimes = await eventually(
  () =>
    analyticsService.getMetrics({
      name: 'api_response_time',
      startTime: dayStart,
      endTime: dayEnd,
      tags: {
        endpoint: '/api/therapy/session',
      },
    }),
  (samples) => samples.length > 0,
);
const slowest = Math.max(...responseTimes.map(({ value }) => value));
console.log(`Slowest answer of /api/therapy/session today: ${slowest} ms`);

// Get user metrics
const userMetrics = await eventually(
  () =>
    analyticsService.getMetrics({
      name: 'active_users',
      tags: {
        type: 'daily',
      },
    }),
  (samples) => samples.length > 0,
);
console.log(`Active users at last: ${userMetrics.at(-1)?.value}`);

await analyticsService.close();
