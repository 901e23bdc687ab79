import { AnalyticsService, EventType } from '../../../src/lib/services/analytics/AnalyticsService.js';

// Repeats a call of another process, and says which id it is answered with.
const [redisUrl = '', encryptionKey = '', id = '', timestamp = ''] = process.argv.slice(2);
const service = new AnalyticsService({ redisUrl, encryptionKey, deadlineMs: 10_000 });
process.stdout.write(`answered ${await service.trackEvent({ type: EventType.CUSTOM, id, timestamp: Number(timestamp) })}\n`);
await service.close();
