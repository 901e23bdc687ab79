import { AnalyticsService, EventPriority, EventType } from 'analytics-service';

const service = new AnalyticsService({ worker: true, deadlineMs: 20_000 });
const type = EventType.USER_ACTION;
await service.trackEvent({ type, priority: EventPriority.HIGH, userId: 'user-123', properties: { action: 'click' } });
let events = [];
while (events.length === 0) events = await service.getEvents({ type });
await service.close();
console.log(JSON.stringify({ version: process.version, events }));
