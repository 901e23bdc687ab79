import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { startRedis, type TestRedis } from '../support/redis.js';
import { startHttpFixture, type HttpFixture } from './httpFixture.js';

let server: TestRedis;
let api: HttpFixture;
beforeAll(async () => {
  server = await startRedis();
  api = await startHttpFixture(server.url);
});
afterAll(async () => {
  await api.close();
  await server.stop();
});

describe('the API', () => {
  it('takes an event and gives it back', async () => {
    const taken = await api.post('/v1/events', { type: 'user_action', userId: 'user-1', properties: { action: 'click' } }, { role: 'ingest' });
    expect(taken.status).toBe(202);
    const { id } = (await taken.json()) as { id: string };
    await api.service.processEvents();
    const found = await api.post('/v1/events/query', { type: 'user_action' }, { role: 'admin' });
    expect([found.status, await found.json()]).toEqual([200, { events: [expect.objectContaining({ id, userId: 'user-1' })], scanned: 1 }]);
  });
});
