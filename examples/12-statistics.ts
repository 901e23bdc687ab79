/**
 * Monitoring: figures of the queues, the WebSocket servers and the system. docs/api.md defines each.
 *
 * Prints:
 *   Queue: … jobs wait, … records/s stored, … failed attempts/s, … ms a job
 *   WebSocket: … clients, … messages/s, … faults/s, … refused sign-ins
 *   System: Redis connected, … MB; worker running; clean-up …
 */
import { AnalyticsService } from '@/lib/services/analytics/AnalyticsService';

await using analyticsService = new AnalyticsService();

const { queue, webSocket, system } = await analyticsService.getStats();

if (queue === null || webSocket === null) {
  console.log('Redis does not answer.');
} else {
  const { length, processingRate, errorRate, processingTime } = queue;
  console.log(
    `Queue: ${length} jobs wait, ${processingRate.toFixed(1)} records/s stored, ` +
      `${errorRate.toFixed(1)} failed attempts/s, ${processingTime.toFixed(1)} ms a job`,
  );
  console.log(
    `WebSocket: ${webSocket.connectedClients} clients, ${webSocket.messageRate.toFixed(1)} messages/s, ` +
      `${webSocket.errorRate.toFixed(1)} faults/s, ${webSocket.authenticationFailures} refused sign-ins`,
  );
}
const redis = `Redis ${system.redis.connected ? 'connected' : 'away'}, ${((system.memory.redis ?? 0) / 1e6).toFixed(1)} MB`;
console.log(`System: ${redis}; worker ${system.workerStatus}; clean-up ${system.cleanup.status}`);
