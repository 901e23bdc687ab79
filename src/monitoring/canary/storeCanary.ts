import type { BatchResult } from '../../../queues/jobs.js';
import type { EventPart } from '../../codec/eventParts.js';
import { chunkIdOf, type Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { KeyStore } from '../../security/keystore/KeyStore.js';
import type { EventStore } from '../../storage/EventStore.js';
import { CANARY_KEPT_MS, CANARY_TYPE } from './canaryType.js';
import { noteCanary } from './noteCanary.js';

export interface StoreCanaryContext {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly dataKeys: KeyStore;
  readonly store: EventStore;
}

/** A minute of them, so that a broadcaster that was away for a moment finds its place. */
const FEED_ENTRIES = 20;

/**
 * Stores a canary as any event is stored, in place of the one before it, and notes how long that took.
 *
 * @param takenAt `performance.now()` of when its job began
 * @returns counts of nothing: it is no event of anybody's
 */
export async function storeCanary(jobId: string, part: EventPart, takenAt: number, context: StoreCanaryContext): Promise<BatchResult> {
  const { redis, keys, dataKeys, store } = context;
  const chunkId = chunkIdOf(jobId, part.type, part.hour);
  await store.store([{ ...part, chunkId, marks: [] }], Date.now());
  const own = keys.event(CANARY_TYPE);
  const replaced = await script('keepCanary').run(redis, {
    keys: [own.chunks, own.time, own.dataKeys, own.counts, own.feed],
    args: [chunkId, part.hour, FEED_ENTRIES, CANARY_KEPT_MS],
  });
  if (dataKeys.isApart) await dataKeys.destroy(redis, own, replaced as Buffer[]); // the script answers their ids
  const [sentAt = 0] = part.rows.timestamps;
  await noteCanary(redis, keys, { kind: 'stored', sentAt, takenAgoMs: performance.now() - takenAt });
  return { stored: 0, duplicates: 0, expired: 0, types: [CANARY_TYPE] };
}
