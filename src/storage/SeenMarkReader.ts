import type { Redis } from 'ioredis';

import type { Keys } from '../redis/keys.js';
import type { Fingerprints } from '../security/Fingerprints.js';
import { seenMark } from './SeenMark.js';

/** What the store remembers of an id. */
export interface FoundMark {
  /** UTC day, since 1970, on which the id was stored. */
  readonly day: number;
  /** The first 4 bytes of the id of a small chunk that was stored with it. */
  readonly owner: Buffer;
}

/** What may have left a mark in the store of a type. */
export interface MarkQuestion {
  readonly type: string;
  readonly kind: 'event' | 'batch';
  readonly id: string;
}

/** Reads the marks by which the store knows repeated events. */
export class SeenMarkReader {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #fingerprints: Fingerprints;

  constructor(redis: Redis, keys: Keys, fingerprints: Fingerprints) {
    this.#redis = redis;
    this.#keys = keys;
    this.#fingerprints = fingerprints;
  }

  /** The marks that were asked for, in one round trip. What has none was not stored, or is expired. */
  async find(questions: readonly MarkQuestion[]): Promise<(FoundMark | undefined)[]> {
    const pipeline = this.#redis.pipeline();
    for (const { type, kind, id } of questions) {
      const { bucket, field } = seenMark(this.#fingerprints, 'check', kind, id);
      pipeline.hgetBuffer(this.#keys.event(type).seen(bucket), field);
    }
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, value]) => {
      if (error) throw error;
      if (!Buffer.isBuffer(value)) return undefined;
      return { day: value.readUInt16BE(0), owner: value.subarray(2, 6) };
    });
  }
}
