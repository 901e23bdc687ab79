const { AnalyticsService, EventPriority, EventType } = require('analytics-service');

async function main() {
  const service = new AnalyticsService({ deadlineMs: 20_000 });
  const type = EventType.USER_ACTION;
  await service.trackEvent({ type, priority: EventPriority.HIGH, userId: 'user-123', properties: { action: 'click' } });
  await service.processEvents();
  const events = await service.getEvents({ type });
  await service.close();
  console.log(JSON.stringify({ version: process.version, events }));
}

void main();
