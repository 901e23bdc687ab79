/**
 * Initializing the service. Nothing is opened before the first call, so this one needs no Redis yet.
 *
 * Prints:
 *   Ready: 90 days, 100 events a batch.
 */
import { AnalyticsService } from '@/lib/services/analytics/AnalyticsService';

const analyticsService = new AnalyticsService({
  retentionDays: 90, // How long to keep data
  batchSize: 100, // Events to process per batch
  processingInterval: 1000, // Processing interval in ms
});

console.log('Ready: 90 days, 100 events a batch.');

// What was tracked is sent, and every connection closed. `await using analyticsService = …` does it by itself.
await analyticsService.close();
