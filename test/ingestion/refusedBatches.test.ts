import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { jobs } from '../../queues/jobs.js';
import { HOUR_MS } from '../../src/codec/hours.js';
import { limits } from '../../src/contract/limits.js';
import { BatchError } from '../../src/errors/BatchError.js';
import { createIngestion } from '../../src/ingestion/createIngestion.js';
import { EventBatch } from '../../src/producer/EventBatch.js';
import type { NormalizedEvent } from '../../src/producer/normalizeEvent.js';
import { createEventFixture, type EventFixture, type Job } from '../queries/eventFixture.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const NOW = 480_000 * HOUR_MS;
const sound: NormalizedEvent = {
  id: undefined,
  type: 'page_view',
  priority: 'normal',
  userId: undefined,
  sessionId: undefined,
  timestamp: NOW,
  propertiesJson: '{}',
  metadataJson: undefined,
  bytes: 2,
};

let server: TestRedis;
let store: EventFixture;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server.stop());
beforeEach(async () => {
  store = await createEventFixture(server.url);
});
afterEach(async () => store.close());

/** A batch of two events as one makes it who holds the public key and does not check. */
function sealed(event: Partial<NormalizedEvent>): Job {
  const batch = new EventBatch('normal', NOW);
  batch.add(sound);
  batch.add({ ...sound, ...event });
  const { sealedKey, ciphertext } = store.keyRing.transport.seal(batch.id, 'events', batch.count, batch.encode());
  const payload = { v: 1, to: store.keyRing.publicId, key: sealedKey.toString('base64'), n: batch.count, c: ciphertext.toString('base64') };
  return { id: batch.id, payload: jobs.events.payload.parse(payload) };
}
async function ingest({ id, payload }: Job): Promise<unknown> {
  const ingestion = createIngestion({ redis: store.redis, keys: store.keys, keyRing: store.keyRing, retentionDays: () => 90, metricRetentionDays: 90, seriesLimit: 100, now: () => NOW });
  return ingestion.events(id, payload);
}

describe('a batch that no producer of ours makes', () => {
  it.each<[string, Partial<NormalizedEvent>]>([
    ['nested too deeply', { propertiesJson: `${'{"a":'.repeat(limits.depth)}{}${'}'.repeat(limits.depth)}` }],
    ['too large', { metadataJson: JSON.stringify({ a: 'a'.repeat(limits.eventBytes) }) }],
    ['of a user too long', { userId: 'u'.repeat(limits.subjectLength + 1) }],
    ['of a time before 1970', { timestamp: -1 }],
    ['of a time that no Date holds', { timestamp: 8.64e15 + 1 }],
  ])('is refused as a whole for an event %s, and not tried again', async (_, event) => {
    const error: unknown = await ingest(sealed(event)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BatchError);
    expect(error).toMatchObject({ code: 'STORE_INCONSISTENT' });
    expect(await store.redis.keys(`${store.keys.prefix}events:*`)).toEqual([]);
  });

  it('is refused as a whole for a time further ahead than clocks differ, and tried again, since it may be the worker’s clock', async () => {
    const error: unknown = await ingest(sealed({ timestamp: NOW + 48 * HOUR_MS + 1 })).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(BatchError);
    expect(error).toMatchObject({ code: 'STORE_INCONSISTENT' });
    expect(await store.redis.keys(`${store.keys.prefix}events:*`)).toEqual([]);
    expect(await ingest(sealed({ timestamp: NOW + 48 * HOUR_MS }))).toMatchObject({ stored: 2 });
  });
});
