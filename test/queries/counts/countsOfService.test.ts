import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { AnalyticsService, EventType } from '../../../src/lib/services/analytics/AnalyticsService.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { people } from '../../support/witness/people.js';

const DAY = 86_400_000;

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());

describe('a service', () => {
  it('counts the events and users that it tracked, and shows what is kept', async () => {
    const options = { redisUrl: server.url, redisPrefix: 'counts:', encryptionKey: randomBytes(32).toString('base64') };
    await using service = new AnalyticsService({ ...options, retentionDays: 3 });
    const midnight = Math.floor(Date.now() / DAY) * DAY;
    const track = (type: EventType, userId: string, days: number) => ({ type, userId, timestamp: midnight - days * DAY });
    await service.trackEvents([track('page_view', people.ada, 0), track('page_view', people.bob, 1), track('error', people.ada, 1), track('page_view', people.ada, 1), track('page_view', 'eve', 5)]);
    await service.processEvents();

    const view = EventType.PAGE_VIEW;
    expect(await service.countEventsBy({ type: view, interval: 'day' })).toEqual([
      { type: view, time: midnight - DAY, count: 2 },
      { type: view, time: midnight, count: 1 },
    ]);
    expect(await service.countEventsBy({ type: view, interval: 'hour', userId: people.bob })).toEqual([{ type: view, time: midnight - DAY, count: 1 }]);
    expect((await service.countEventsBy({ interval: 'day' })).map(({ type, count }) => `${type} ${count}`).sort()).toEqual(['error 0', 'error 1', 'page_view 1', 'page_view 2']);
    expect(await service.countUsers({ period: 'day' })).toEqual([
      { time: midnight - DAY, users: 2 },
      { time: midnight, users: 1 },
    ]);
    expect(await service.countUsers({ type: EventType.ERROR, period: 'day' })).toEqual([{ time: midnight - DAY, users: 1 }]);

    await using shorter = new AnalyticsService({ ...options, retentionDays: 1 });
    expect((await shorter.countEventsBy({ type: view, interval: 'day' })).map(({ count }) => count).at(-1)).toBe(1);
    expect((await shorter.countEventsBy({ type: view, interval: 'day', startTime: 0, endTime: midnight - DAY })).map(({ count }) => count)).toEqual([]);
  });
});
