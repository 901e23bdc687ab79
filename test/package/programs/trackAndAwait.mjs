import { AnalyticsService } from 'analytics-service';

const service = new AnalyticsService({ deadlineMs: 20_000 });
const id = await service.trackEvent({ type: 'page_view', properties: { page: '/from-a-stranger' } });
let event;
while (event === undefined) event = (await service.getEvents({ type: 'page_view' })).find((one) => one.id === id);
await service.close();
console.log(JSON.stringify(event.properties));
