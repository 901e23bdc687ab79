import { AnalyticsError } from '../errors/AnalyticsError.js';
import type { Keys } from '../redis/keys.js';
import { pipelineOf } from '../redis/pipelineOf.js';
import type { RedisClient } from '../redis/RedisClient.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import { findSeenRecord, SEEN_RECORD_BYTES, seenBucket } from './seenBucket.js';
import { seenHash } from './SeenMark.js';

/** What the store remembers of an id. */
export interface FoundMark {
  /** UTC day, since 1970, on which the id was stored. */
  readonly day: number;
  /** The first 4 bytes of the id of a small chunk that was stored with it; empty for a batch. */
  readonly owner: Buffer;
}

/** What may have left a mark in the store of a type. */
export interface MarkQuestion {
  readonly type: string;
  readonly kind: 'event' | 'batch';
  readonly id: string;
}

/** A key of records that buckets are read of. */
interface Lookup {
  readonly key: string;
  readonly recordBytes: number;
  readonly hash: Buffer;
}

/** While buckets split, the one that was read may be the wrong one; for one hash that happens once as their number doubles. */
const MOST_READINGS = 10;

/** Reads the marks by which the store knows repeated events. */
export class SeenMarkReader {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #fingerprints: Fingerprints;
  /** How many buckets a key had when it was last read. */
  readonly #buckets = new Map<string, number>();

  constructor(redis: RedisClient, keys: Keys, fingerprints: Fingerprints) {
    this.#redis = redis;
    this.#keys = keys;
    this.#fingerprints = fingerprints;
  }

  /** The marks that were asked for, in one round trip if their keys did not grow much. What has none was not stored, or is expired. */
  async find(questions: readonly MarkQuestion[]): Promise<(FoundMark | undefined)[]> {
    const lookups = questions.map(({ type, kind, id }): Lookup => {
      const { seen, batches } = this.#keys.event(type);
      return { key: kind === 'event' ? seen : batches, recordBytes: SEEN_RECORD_BYTES[kind], hash: seenHash(this.#fingerprints, kind, id) };
    });
    const records = new Map<Lookup, Buffer | undefined>();
    for (let reading = 1; records.size < lookups.length; reading += 1) {
      if (reading > MOST_READINGS) throw new AnalyticsError('STORE_INCONSISTENT', 'The marks of stored ids change faster than they can be read.');
      await this.#read(lookups.filter((lookup) => !records.has(lookup)), records);
    }
    return lookups.map((lookup) => {
      const record = records.get(lookup);
      return record && { day: record.readUInt16BE(0), owner: record.subarray(2) };
    });
  }

  /** The bucket and how many there are come in one answer, so it tells whether this was the right one. */
  async #read(lookups: readonly Lookup[], records: Map<Lookup, Buffer | undefined>): Promise<void> {
    const pipeline = pipelineOf(this.#redis);
    const asked = lookups.map(({ key, hash }) => seenBucket(hash, this.#buckets.get(key) ?? 1));
    for (const [place, { key }] of lookups.entries()) pipeline.hmgetBuffer(key, 'n', String(asked[place]));
    for (const [place, [error, reply]] of ((await pipeline.exec()) ?? []).entries()) {
      if (error) throw error;
      const [count, bucket] = reply as [Buffer | null, Buffer | null]; // what HMGET answers
      const lookup = lookups[place]!;
      const buckets = count === null ? 1 : Number(count.toString());
      this.#buckets.set(lookup.key, buckets);
      if (seenBucket(lookup.hash, buckets) !== asked[place]) continue;
      records.set(lookup, bucket === null ? undefined : findSeenRecord(bucket, lookup.hash, lookup.recordBytes));
    }
  }
}
