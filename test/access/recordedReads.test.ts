import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { redisSource } from '../../src/audit/chain/ChainSource.js';
import { AuditReader } from '../../src/audit/queries/AuditReader.js';
import { parseConfig } from '../../src/config/parseConfig.js';
import { AnalyticsService, BudgetError, EventType } from '../../src/index.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { loadKeyRing } from '../../src/security/loadKeyRing.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { person } from '../support/witness/people.js';

const type = EventType.CUSTOM;
const settings = { encryptionKey: randomBytes(32).toString('base64') };

let server: TestRedis;
let folder: string;
let service: AnalyticsService;
beforeAll(async () => {
  server = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
  service = new AnalyticsService({ redisUrl: server.url, ...settings, dataDir: folder, deadlineMs: 15_000 });
  // Three chunks.
  for (let start = 0; start < 30; start += 10) {
    const timestamp = Date.now() - 1000 * start;
    await service.trackEvents(Array.from({ length: 10 }, (_, place) => ({ type, userId: person(place % 3), properties: { place: start + place }, timestamp })));
    await service.processEvents();
  }
});
afterAll(async () => {
  await service.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What the audit log says of the reads of `type`, oldest first. */
async function recorded() {
  const config = parseConfig({ REDIS_URL: server.url, ANALYTICS_ENCRYPTION_KEY: settings.encryptionKey });
  const redis = connect(config, 'failFast', 'test', () => undefined);
  const keyRing = await loadKeyRing(config);
  try {
    const secrets = keyRing.reading!.audit; // it has the whole key
    const reader = new AuditReader({ source: redisSource(redis, createKeys(config.REDIS_PREFIX).audit), secrets, folders: [join(folder, 'audit')] });
    const { records } = await reader.list({ operation: 'events.read', limit: 1000 });
    return { records, pseudonyms: (...users: string[]) => users.map((user) => reader.pseudonym(user)).sort() };
  } finally {
    redis.disconnect();
    keyRing.reading?.dataKeys.close();
  }
}

test('each page is recorded once, with those whose events are on it', async () => {
  expect(await service.getEvents({ type, limit: 2 })).toHaveLength(2);
  await service.queryEvents({ type, userId: person(1), limit: 5 });
  const streamed = [];
  for await (const event of service.streamEvents({ type, select: ['properties.place'] })) streamed.push(event);
  expect(streamed).toHaveLength(30);
  await expect(service.getEvents({ type, budget: { events: 1 }, where: { field: 'properties.place', eq: -1 } })).rejects.toBeInstanceOf(BudgetError);

  const { records, pseudonyms } = await recorded();
  // The stream's end is one with nothing in it.
  expect(records.map(({ count }) => count ?? -1).toSorted((one, other) => one - other)).toEqual([0, 2, 5, 30]);
  const subjectsOf = (wanted: number) => records.find(({ count }) => count === wanted)?.subjects;
  expect(subjectsOf(5)).toEqual(pseudonyms(person(1)));
  expect(subjectsOf(30)).toEqual(pseudonyms(person(0), person(1), person(2)));
  expect(subjectsOf(2)).toHaveLength(2);
});
