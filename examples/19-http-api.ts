/**
 * The HTTP API inside of an application of your own, which knows by its sessions who asks. Run a worker beside it.
 *
 * Prints:
 *   Tracked: 202
 *   example-api-1 sees 1 event: open
 *   Nobody in particular: 401 UNAUTHENTICATED
 *   Asked for everybody's metrics: 403 FORBIDDEN
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import express from 'express';

import { createHttpApi } from '@/http/index';
import { AnalyticsService } from '@/lib/services/analytics/AnalyticsService';
import { eventually } from './support/eventually.js';

await using analyticsService = new AnalyticsService();

// In your application, whatever it has in the place of this:
const sessions = new Map([['session-of-a-patient', 'example-api-1']]);
const userOf = (cookie = ''): string | undefined => sessions.get(/sid=([^;]+)/.exec(cookie)?.[1] ?? '');

const app = express();
app.use(
  '/analytics',
  createHttpApi(analyticsService, {
    actorOf: ({ headers }) => {
      const subject = userOf(headers.cookie);
      // Each user may see what is theirs, and track.
      return subject === undefined ? undefined : { subject, roles: ['self', 'ingest'], purpose: 'subject-request' };
    },
  }),
);
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');

// In your pages, or any other client:
const ask = async (path: string, body: object, cookie = ''): Promise<Response> =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/analytics/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(cookie !== '' && { Cookie: cookie }) },
    body: JSON.stringify(body),
  });
const cookie = 'sid=session-of-a-patient';

const startTime = Date.now();
const tracked = await ask('/events', { type: 'user_action', userId: 'example-api-1', properties: { action: 'open' } }, cookie);
console.log('Tracked:', tracked.status);

const { events } = await eventually(
  async () => (await (await ask('/events/query', { type: 'user_action', startTime }, cookie)).json()) as { events: { properties: { action: string } }[] },
  (page) => page.events.length === 1,
);
console.log(`example-api-1 sees ${events.length} event: ${events[0]?.properties.action}`);

for (const [what, path, as] of [['Nobody in particular', '/events/query', ''], ["Asked for everybody's metrics", '/metrics/names', cookie]] as const) {
  const refused = await ask(path, path === '/events/query' ? { type: 'user_action' } : {}, as);
  console.log(`${what}: ${refused.status} ${((await refused.json()) as { code: string }).code}`);
}
server.close();
