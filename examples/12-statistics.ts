/**
 * Monitoring: figures of the queues, the WebSocket servers and the system. docs/api.md defines each.
 *
 * Prints:
 *   queue: …
 *   webSocket: …
 *   system: …
 */
import { AnalyticsService } from '@/lib/services/analytics/AnalyticsService';

await using analyticsService = new AnalyticsService();

const statistics = await analyticsService.getStats();
for (const [part, figures] of Object.entries(statistics)) console.log(`${part}:`, JSON.stringify(figures));
