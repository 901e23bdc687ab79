/**
 * Maintenance: working off what waits, in this process, and deleting what is older than `retentionDays`. A worker and
 * the scheduler do both by themselves; this is for scripts, tests and small applications.
 *
 * Prints:
 *   Worked off what was waiting.
 *   Cleaned up.
 */
import { AnalyticsService, EventType } from '@/lib/services/analytics/AnalyticsService';

await using analyticsService = new AnalyticsService({ retentionDays: 90, batchSize: 100 });

await analyticsService.trackEvent({ type: EventType.ERROR, properties: { code: 'E_TIMEOUT', page: '/journal' } });

await analyticsService.processEvents();
console.log('Worked off what was waiting.');

await analyticsService.cleanup();
console.log('Cleaned up.');
