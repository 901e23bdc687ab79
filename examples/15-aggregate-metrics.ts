/**
 * Aggregating metrics: by bucket of time and group of tags, with an aggregation of one's own.
 *
 * Prints:
 *   12:00 login: 60 requests, 45 ms on average, 95 % within 70 ms
 *   12:00 search: 60 requests, 104.5 ms on average, 95 % within 129 ms
 *   12:30 login: 60 requests, 75 ms on average, 95 % within 100 ms
 *   12:30 search: 60 requests, 134.5 ms on average, 95 % within 161 ms
 *   Geometric mean of all: 80.9 ms
 */
import { AnalyticsService, defineAggregation } from '@/lib/services/analytics/AnalyticsService';

import { eventually } from './support/eventually.js';

const analyticsService = new AnalyticsService();
const noon = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 43_200_000; // yesterday's, in UTC
const name = 'example_response_time';

await analyticsService.trackMetrics(
  Array.from({ length: 240 }, (_, request) => ({
    name,
    value: request % 2 === 0 ? 16 + Math.floor(request / 4) + (request % 60) / 2 : 75 + Math.floor(request / 4) + (request % 60) / 2,
    tags: { endpoint: request % 2 === 0 ? 'login' : 'search' },
    timestamp: noon + request * 15_000,
  })),
);

const geometricMean = defineAggregation('geometricMean', {
  initial: () => ({ logarithms: 0, count: 0 }),
  add: ({ logarithms, count }, value) => ({ logarithms: logarithms + Math.log(value), count: count + 1 }),
  merge: (one, other) => ({ logarithms: one.logarithms + other.logarithms, count: one.count + other.count }),
  result: ({ logarithms, count }) => Math.exp(logarithms / count),
});

const range = { name, startTime: noon, endTime: noon + 3_599_999 };
await eventually(
  () => analyticsService.aggregateMetrics({ ...range, aggregations: ['count'] }),
  ({ series: [all] }) => all?.points[0]?.count === 240,
);

const { series } = await analyticsService.aggregateMetrics({
  ...range,
  interval: '30m',
  aggregations: ['count', 'avg', 'p95'],
  groupBy: ['endpoint'],
});
for (const place of [0, 1]) {
  for (const { tags, points } of series) {
    const { time, count, avg, p95 } = points[place]!;
    console.log(`${new Date(time).toISOString().slice(11, 16)} ${tags.endpoint}: ${count} requests, ${avg} ms on average, 95 % within ${p95?.toFixed(0)} ms`);
  }
}

const { series: [all] } = await analyticsService.aggregateMetrics({ ...range, aggregations: [geometricMean] });
console.log(`Geometric mean of all: ${all?.points[0]?.geometricMean?.toFixed(1)} ms`);

await analyticsService.close();
