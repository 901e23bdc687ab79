import { randomBytes } from 'node:crypto';

import type { Redis } from 'ioredis';

import { eventIdAt, newBatchId } from '../../../src/codec/batchId.js';
import { packEventParts } from '../../../src/codec/eventParts.js';
import { EventPriority } from '../../../src/contract/EventPriority.js';
import { ingestEvents } from '../../../src/ingestion/ingestEvents.js';
import { connect } from '../../../src/redis/connect.js';
import { createKeys, type Keys } from '../../../src/redis/keys.js';
import { keyRingFromMaster, type KeyRing } from '../../../src/security/KeyRing.js';
import { Erasures } from '../../../src/storage/Erasures.js';
import { EventStore } from '../../../src/storage/EventStore.js';

export interface TestEvent {
  readonly type?: string;
  readonly userId?: string;
  readonly sessionId?: string;
  readonly id?: string;
  readonly properties?: object;
  readonly metadata?: object;
  readonly timestamp?: number;
}

/** The way of an event from a sealed batch to the store, without a queue. */
export interface TestStore {
  readonly keys: Keys;
  readonly keyRing: KeyRing;
  /** For asking and for breaking. */
  readonly redis: Redis;
  /** Stores one batch, as a worker would. @returns the ids */
  store(events: readonly TestEvent[]): Promise<string[]>;
  /** Seals one batch as a producer would. */
  seal(events: readonly TestEvent[]): Promise<{ jobId: string; data: unknown; ids: string[] }>;
  close(): void;
}

export async function createTestStore(url: string, prefix = 'test:', master = randomBytes(32)): Promise<TestStore> {
  const keys = createKeys(prefix);
  const keyRing = await keyRingFromMaster(master);
  const redis = connect(url, 'patient', 'test-store', () => undefined);
  const seal: TestStore['seal'] = async (events) => {
    const batchId = newBatchId(Date.now());
    const callerIds = new Map(events.flatMap((event, place) => (event.id === undefined ? [] : [[place, event.id] as const])));
    const plain = packEventParts({
        batchId,
        priority: EventPriority.NORMAL,
        places: events.map((_, place) => place),
        types: events.map((event) => event.type ?? 'user_action'),
        timestamps: events.map((event) => event.timestamp ?? Date.now()),
        users: events.map((event) => event.userId ?? null),
        sessions: events.map((event) => event.sessionId ?? null),
        callerIds,
        properties: events.map((event) => JSON.stringify(event.properties ?? {})),
        metadata: events.map((event) => (event.metadata === undefined ? '' : JSON.stringify(event.metadata))),
      });
    await keyRing.transport.prepare();
    const sealed = keyRing.transport.seal(batchId, 'events', events.length, plain);
    const data = { v: 1, to: keyRing.publicId, key: sealed.sealedKey.toString('base64'), n: events.length, c: sealed.ciphertext.toString('base64') };
    return { jobId: batchId, data, ids: events.map((event, place) => event.id ?? eventIdAt(batchId, place)) };
  };
  return {
    keys,
    keyRing,
    redis,
    seal,
    async store(events) {
      const { jobId, data, ids } = await seal(events);
      const secrets = keyRing.reading!;
      const store = new EventStore(redis, keys, secrets);
      await ingestEvents(jobId, data, { store, erasures: new Erasures(redis, keys, secrets.fingerprints), keyRing, oldestKept: () => 0, now: Date.now });
      return ids;
    },
    close: () => redis.disconnect(),
  };
}
