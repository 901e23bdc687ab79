import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import { ValidationError } from '../../errors/ValidationError.js';
import { parseOptions } from '../../queries/parseOptions.js';
import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import type { FieldSealer } from '../../security/FieldSealer.js';
import { UnauthenticatedError } from '../../security/UnauthenticatedError.js';
import type { Identity } from '../revocation/Identity.js';
import type { Revocations } from '../revocation/Revocations.js';
import { API_KEY_ALLOWED, apiKeyInfoSchema, apiKeyRecordSchema, apiKeyRequestSchema, type ApiKeyInfo, type ApiKeyRecord, type ApiKeyRequest } from './ApiKeyRecord.js';

/** A key is `aak_<id>_<secret>`: the beginning is for scanners of code, the id for people, the rest for nobody. */
export const API_KEY_PREFIX = 'aak_';
const FORM = /^aak_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
const ID = /^[0-9a-f]{16}$/;
/** A record is used for a second before it is read again. What was revoked is refused by `Revocations` meanwhile. */
const FRESH_MS = 1000;
const REMEMBERED = 1000;
/** Compared with where there is no such key, so that it takes as long. */
const NOBODY = createHash('sha256').update('nobody').digest();

export interface ApiKeysOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly fields: Pick<FieldSealer, 'seal' | 'open'>;
  readonly revocations: Pick<Revocations, 'revoke'>;
}

/** A key that was just made: the only moment at which it can be read. */
export interface NewApiKey {
  readonly key: string;
  readonly info: ApiKeyInfo;
}

/** Keys for programs: only their hashes are kept, sealed with what they allow. */
export class ApiKeys {
  readonly #options: ApiKeysOptions;
  readonly #known = new LRUCache<string, { readonly record: ApiKeyRecord | undefined }>({ max: REMEMBERED, ttl: FRESH_MS });

  constructor(options: ApiKeysOptions) {
    this.#options = options;
  }

  /** @throws ValidationError naming every bad field */
  async create(request: ApiKeyRequest, now = Date.now()): Promise<NewApiKey> {
    const { ttlSeconds, ...grant } = parseOptions('API key', apiKeyRequestSchema, request, API_KEY_ALLOWED);
    return this.#add({ ...grant, createdAt: now, expiresAt: now + ttlSeconds * 1000 });
  }

  /**
   * A new key with the same grants and the same time to live; the old one ends after `overlapSeconds`, so that whoever uses
   * it can change over.
   * @throws ValidationError for an id of no key that is good
   */
  async rotate(id: string, overlapSeconds: number, now = Date.now()): Promise<NewApiKey> {
    const old = await this.#read(id);
    if (old === undefined || old.expiresAt <= now) throw unknownKey();
    const made = await this.#add({ ...old, createdAt: now, expiresAt: now + (old.expiresAt - old.createdAt), replaces: id });
    await this.#write(id, { ...old, expiresAt: Math.min(old.expiresAt, now + overlapSeconds * 1000) });
    return made;
  }

  /** From now on nobody comes in with it; who is in by it is out within 2 s. @throws ValidationError for an id of no key */
  async revoke(id: string): Promise<void> {
    const { redis, keys, revocations } = this.#options;
    if ((await this.#read(id)) === undefined) throw unknownKey();
    await revocations.revoke({ key: id });
    await redis.hdel(keys.apiKeys, id);
    this.#known.delete(id);
  }

  /** Every key that was not revoked, those that ended included. */
  async list(): Promise<ApiKeyInfo[]> {
    const { redis, keys } = this.#options;
    const all = await redis.hgetallBuffer(keys.apiKeys);
    return Object.entries(all)
      .map(([id, sealed]) => infoOf(id, this.#opened(id, sealed)))
      .toSorted((one, other) => other.createdAt - one.createdAt);
  }

  /** @throws UnauthenticatedError, which holds no part of the key */
  async verify(key: string, now = Date.now()): Promise<Identity> {
    const [, id = '', secret = ''] = FORM.exec(key) ?? [];
    if (id === '') throw new UnauthenticatedError('malformed');
    const record = await this.#fresh(id);
    const isSame = timingSafeEqual(createHash('sha256').update(secret).digest(), record === undefined ? NOBODY : Buffer.from(record.hash, 'base64'));
    if (record === undefined || !isSame) throw new UnauthenticatedError('key');
    if (record.expiresAt <= now) throw new UnauthenticatedError('expired');
    const { subject, roles, purpose, panel, labels, expiresAt, createdAt } = record;
    return { subject, roles, purpose, panel, labels, expiresAt, issuedAt: createdAt, via: `key:${id}` };
  }

  async #add(record: Omit<ApiKeyRecord, 'hash'>): Promise<NewApiKey> {
    const id = randomBytes(8).toString('hex');
    const secret = randomBytes(32).toString('base64url');
    const whole = { ...record, hash: createHash('sha256').update(secret).digest('base64') };
    await this.#write(id, whole);
    return { key: `${API_KEY_PREFIX}${id}_${secret}`, info: infoOf(id, whole) };
  }

  async #fresh(id: string): Promise<ApiKeyRecord | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined) return known.record;
    const record = await this.#read(id);
    this.#known.set(id, { record });
    return record;
  }

  async #read(id: string): Promise<ApiKeyRecord | undefined> {
    const { redis, keys } = this.#options;
    const sealed = ID.test(id) ? await redis.hgetBuffer(keys.apiKeys, id) : null;
    return sealed === null ? undefined : this.#opened(id, sealed);
  }

  async #write(id: string, record: ApiKeyRecord): Promise<void> {
    const { redis, keys, fields } = this.#options;
    await redis.hset(keys.apiKeys, id, fields.seal(apiKeyPlace(id), JSON.stringify(record)));
    this.#known.delete(id);
  }

  #opened(id: string, sealed: Buffer): ApiKeyRecord {
    return apiKeyRecordSchema.parse(JSON.parse(this.#options.fields.open(apiKeyPlace(id), sealed)));
  }
}

/** Bound to its id: a record that is moved to another does not open. */
export function apiKeyPlace(id: string): string {
  return `api key|${id}`;
}

function infoOf(id: string, record: ApiKeyRecord): ApiKeyInfo {
  return { id, ...apiKeyInfoSchema.parse(record) };
}

function unknownKey(): ValidationError {
  return new ValidationError('id of an API key', [{ path: 'id', given: 'one of no key that is good', allowed: 'one that api-keys list shows' }]);
}
