import { randomBytes } from 'node:crypto';

import type { Redis } from 'ioredis';

import { jobs, type BatchResult, type SealedBatchPayload } from '../../queues/jobs.js';
import type { EventPriority } from '../../src/contract/EventPriority.js';
import type { Event } from '../../src/contract/event.js';
import { createEventTypes } from '../../src/contract/eventTypes.js';
import { ingestEvents, type IngestEventsContext } from '../../src/ingestion/ingestEvents.js';
import { EventBatch } from '../../src/producer/EventBatch.js';
import { normalizeEvent } from '../../src/producer/normalizeEvent.js';
import { createEventQueries } from '../../src/queries/events/createEventQueries.js';
import type { GetEventsOptions } from '../../src/queries/events/getEvents.js';
import { connect } from '../../src/redis/connect.js';
import { createKeys } from '../../src/redis/keys.js';
import { keyRingFromMaster, type KeyRing } from '../../src/security/KeyRing.js';
import { offGuard } from '../../src/security/guard/offGuard.js';
import { Erasures } from '../../src/storage/Erasures.js';
import { EventReader } from '../../src/storage/EventReader.js';
import { SeenMarkReader } from '../../src/storage/SeenMarkReader.js';
import { EventStore } from '../../src/storage/EventStore.js';

/** An event as a test gives it. */
export interface GivenEvent {
  readonly id?: string;
  readonly type?: string;
  readonly userId?: string;
  readonly sessionId?: string;
  readonly properties?: Record<string, string | number>;
  readonly metadata?: Record<string, string | number>;
  readonly timestamp: number;
}

/** A sealed batch, as the queue carries it. */
export interface Job {
  readonly id: string;
  readonly payload: SealedBatchPayload;
}

export interface EventFixtureOptions {
  readonly cacheBytes?: number;
  readonly deepOffset?: number;
  /** Default: made from `masterKey`. */
  readonly keyRing?: KeyRing;
  /** Default: one of its own. */
  readonly prefix?: string;
}

/** The store with the code that writes and reads it, in one process and without a queue. */
export async function createEventFixture(url: string, { cacheBytes, deepOffset, keyRing: given, prefix = `t${randomBytes(6).toString('hex')}:` }: EventFixtureOptions = {}) {
  const masterKey = randomBytes(32);
  const keyRing = given ?? (await keyRingFromMaster(masterKey));
  await keyRing.transport.prepare();
  const secrets = keyRing.reading!;
  const redis = connect(url, 'patient', 'test', () => undefined);
  const keys = createKeys(prefix);
  const types = createEventTypes();
  const oldest = { kept: -Infinity };
  const makeReader = (): EventReader => new EventReader({ redis, keys, secrets, cacheBytes });
  let reader = makeReader();
  const queries = () =>
    createEventQueries({
      reader,
      seenMarks: new SeenMarkReader(redis, keys, secrets.fingerprints),
      fingerprints: secrets.fingerprints,
      budgetMs: 60_000,
      typeNames: () => types.names(),
      isKnownType: (type) => types.get(type) !== undefined,
      oldestKept: () => oldest.kept,
      deepOffset,
    });

  return {
    redis,
    keys,
    keyRing,
    masterKey,
    oldest,
    get reader() {
      return reader;
    },
    /** Goes on with a reader that has nothing in memory. */
    forget(): void {
      reader = makeReader();
    },
    /** A batch as the producer makes it. */
    batch(events: readonly GivenEvent[], priority: EventPriority = 'normal', now = Date.now()): Job {
      const batch = new EventBatch(priority, now);
      for (const event of events) {
        batch.add(normalizeEvent({ type: 'page_view', ...event }, { types, guard: offGuard, now: Number.MAX_SAFE_INTEGER }));
      }
      const sealed = keyRing.transport.seal(batch.id, 'events', batch.count, batch.encode());
      const payload = jobs.events.payload.parse({
        v: 1,
        to: keyRing.publicId,
        key: sealed.sealedKey.toString('base64'),
        n: batch.count,
        c: sealed.ciphertext.toString('base64'),
      });
      return { id: batch.id, payload };
    },
    /** What the processor does with a job. `through` is the connection that it writes with. */
    async run(
      job: Job,
      { through = redis, oldestKept = -Infinity, now = Date.now() }: { through?: Redis; oldestKept?: number; now?: number } = {},
    ): Promise<BatchResult> {
      const ingest: IngestEventsContext = {
        store: new EventStore(through, keys, secrets),
        erasures: new Erasures(redis, keys, secrets.fingerprints),
        keyRing,
        oldestKept: () => oldestKept,
        now: () => now,
      };
      return ingestEvents(job.id, job.payload, ingest);
    },
    /** Every query of events, with the reader of the moment. */
    get queries() {
      return queries();
    },
    /** Whole events: without `select`. */
    get: async (options: GetEventsOptions) => (await queries().getEvents(options)) as Event[],
    async close(): Promise<void> {
      redis.disconnect();
      await Promise.resolve();
    },
  };
}

export type EventFixture = Awaited<ReturnType<typeof createEventFixture>>;
