import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import type { z } from 'zod';

import { AccessError } from '../../errors/AccessError.js';
import { ValidationError } from '../../errors/ValidationError.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import type { FieldSealer } from '../../security/FieldSealer.js';
import { emergencyRecordSchema, type emergencyRequestSchema, type EmergencyRecord } from './EmergencyRequest.js';

/** One time that somebody broke the glass. */
export interface Emergency extends EmergencyRecord {
  readonly id: string;
  /** ms since 1970. Past: it has ended. */
  readonly endsAt: number;
}

export interface EmergenciesOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly fields: Pick<FieldSealer, 'seal' | 'open'>;
  /** SHA-256 of the second secret, in hex; without it nobody is let in. */
  readonly secretHash: string | undefined;
}

const ID = /^[0-9a-f]{16}$/;
const TIME_BYTES = 6;
/** Compared with where none is configured, so that it takes as long. */
const NOTHING = createHash('sha256').update('nothing').digest();

/** A new second secret, and what is configured of it: 256 random bits, so nobody finds it by trying. */
export function newEmergencySecret(): { readonly secret: string; readonly hash: string } {
  const secret = randomBytes(32).toString('base64url');
  return { secret, hash: hashOf(secret).toString('hex') };
}

/**
 * Access beyond what roles allow, for as long as an emergency takes: 45 CFR 164.312(a)(2)(ii). A value in Redis begins with
 * when it ends, 6 bytes in clear, so that who only counts needs no keys; the rest is sealed, and bound to its id and that time.
 */
export class Emergencies {
  readonly #options: EmergenciesOptions;

  constructor(options: EmergenciesOptions) {
    this.#options = options;
  }

  /** @throws AccessError `unconfigured`, `secret`; it holds no part of what was given. Whoever calls records it */
  checkSecret(secret: string): void {
    const { secretHash } = this.#options;
    const isSame = timingSafeEqual(hashOf(secret), secretHash === undefined ? NOTHING : Buffer.from(secretHash, 'hex'));
    if (secretHash === undefined) throw new AccessError('emergency.begin', 'unconfigured', 'No second secret is configured: set ANALYTICS_EMERGENCY_HASH, see docs/access.md.');
    if (!isSame) throw new AccessError('emergency.begin', 'secret', 'The second secret is another.');
  }

  async begin({ subject, patients, reason, origin, isDrill, minutes }: z.output<typeof emergencyRequestSchema>, now = Date.now()): Promise<Emergency> {
    const id = randomBytes(8).toString('hex');
    const record: EmergencyRecord = { subject, patients, reason, ...(origin !== undefined && { origin }), isDrill, startedAt: now };
    const endsAt = now + Math.round(minutes * 60_000);
    await this.#write(id, endsAt, record);
    return { id, endsAt, ...record };
  }

  /** @throws AccessError `ended`, once it has ended or was ended */
  async check(id: string, now = Date.now()): Promise<void> {
    const found = await this.#read(id);
    if (found === undefined || found.endsAt <= now) throw new AccessError('emergency.begin', 'ended', 'The emergency access has ended. Open it anew if it is still needed.');
  }

  /** Ends it now. @returns what was ended @throws ValidationError for an id of none that goes on */
  async end(id: string, by: string, now = Date.now()): Promise<Emergency> {
    const found = await this.#read(id);
    if (found === undefined || found.endsAt <= now) {
      throw new ValidationError('id of an emergency access', [{ path: 'id', given: 'one of none that goes on', allowed: 'one that emergency list shows' }]);
    }
    const ended = { ...emergencyRecordSchema.parse(found), endedBy: by };
    await this.#write(id, now, ended);
    return { id, endsAt: now, ...ended };
  }

  /** All that are kept, the latest first; and the ids of what was changed or moved, and does not open. */
  async list(): Promise<{ readonly kept: Emergency[]; readonly broken: string[] }> {
    const { redis, keys } = this.#options;
    const kept: Emergency[] = [];
    const broken: string[] = [];
    for (const [id, value] of Object.entries(await redis.hgetallBuffer(keys.emergencies))) {
      try {
        kept.push(this.#opened(id, value));
      } catch {
        broken.push(id);
      }
    }
    return { kept: kept.toSorted((one, other) => other.startedAt - one.startedAt), broken };
  }

  async #read(id: string): Promise<Emergency | undefined> {
    const { redis, keys } = this.#options;
    const value = ID.test(id) ? await redis.hgetBuffer(keys.emergencies, id) : null;
    return value === null ? undefined : this.#opened(id, value);
  }

  async #write(id: string, endsAt: number, record: EmergencyRecord): Promise<void> {
    const { redis, keys, fields } = this.#options;
    const time = Buffer.alloc(TIME_BYTES);
    time.writeUIntBE(endsAt, 0, TIME_BYTES);
    await redis.hset(keys.emergencies, id, Buffer.concat([time, fields.seal(placeOf(id, endsAt), JSON.stringify(record))]));
  }

  #opened(id: string, value: Buffer): Emergency {
    const endsAt = endOf(value);
    const record = emergencyRecordSchema.parse(JSON.parse(this.#options.fields.open(placeOf(id, endsAt), value.subarray(TIME_BYTES))));
    return { id, endsAt, ...record };
  }
}

/**
 * When each ends, by its id. Needs no keys, and does not mind what does not open: whoever may write to Redis could otherwise
 * silence the alarm with one value that is none.
 */
export async function emergencyEnds(redis: RedisClient, keys: Keys): Promise<Map<string, number>> {
  const all = await redis.hgetallBuffer(keys.emergencies);
  return new Map(Object.entries(all).map(([id, value]) => [id, endOf(value)]));
}

/** How many go on. */
export async function countEmergencies(redis: RedisClient, keys: Keys, now = Date.now()): Promise<number> {
  const ends = await emergencyEnds(redis, keys);
  return [...ends.values()].filter((endsAt) => endsAt > now).length;
}

/** Forgets those that ended before a time; the audit log has them still. */
export async function forgetEmergencies(redis: RedisClient, keys: Keys, before: number): Promise<void> {
  const ends = await emergencyEnds(redis, keys);
  const old = [...ends].flatMap(([id, endsAt]) => (endsAt < before ? [id] : []));
  if (old.length > 0) await redis.hdel(keys.emergencies, ...old);
}

function endOf(value: Buffer): number {
  return value.length < TIME_BYTES ? 0 : value.readUIntBE(0, TIME_BYTES);
}

function placeOf(id: string, endsAt: number): string {
  return `emergency|${id}|${endsAt}`;
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
