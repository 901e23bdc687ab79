import { createHash } from 'node:crypto';

import type { Keys } from '../../redis/keys.js';
import type { RedisClient } from '../../redis/RedisClient.js';
import { script } from '../../redis/Script.js';
import type { AuditKeys } from '../../security/AuditKeys.js';
import type { Identity } from './Identity.js';

/** Revoked within 2 s everywhere: a reading every half second, and its answer. */
const POLL_MS = 500;
/** How long it is remembered that something was revoked which does not say when it ends. */
const KEPT_MS = 400 * 86_400_000;

/** What can be revoked: one token, one API key, or everything that was issued to somebody until now. */
export type Revocation = { readonly token: string; readonly expiresAt?: number } | { readonly key: string } | { readonly subject: string };

export interface RevocationsOptions {
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Undefined in a process without keys: there nobody can be revoked by name. */
  readonly secrets: Pick<AuditKeys, 'pseudonym'> | undefined;
  readonly onError: (error: Error) => void;
}

/**
 * What was revoked, as every process of the service knows it: it asks Redis twice a second whether there is news, for one
 * number. While Redis is away the last that was known holds: there is nothing to read then either.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #listeners = new Set<() => void>();
  #since: ReadonlyMap<string, number> = new Map();
  #version = '';
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #first: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: RevocationsOptions) {
    this.#options = options;
  }

  /** Reads them now, and again whenever there are new ones. @returns when they were read, or could not be, for the first time */
  async start(): Promise<void> {
    this.#first ??= this.#turn();
    await this.#first;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
    await this.#reading;
  }

  /** Told when something was revoked. @returns a function that ends it */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @throws whatever Redis answers */
  async revoke(revocation: Revocation, now = Date.now()): Promise<void> {
    const until = ('expiresAt' in revocation ? revocation.expiresAt : undefined) ?? now + KEPT_MS;
    const what = 'token' in revocation ? markOf(`token:${revocation.token}`) : 'key' in revocation ? markOf(`key:${revocation.key}`) : this.#personMark(revocation.subject);
    if (what === undefined) throw new TypeError('This process has no keys, and so no name for a subject.');
    await script('revoke').run(this.#options.redis, { keys: [this.#options.keys.revocations], args: [what, now, until, now] });
  }

  isRevoked({ subject, via, issuedAt = 0 }: Pick<Identity, 'subject' | 'via' | 'issuedAt'>): boolean {
    if (this.#since.size === 0) return false;
    if (this.#since.has(markOf(via))) return true;
    const person = this.#personMark(subject);
    return person !== undefined && issuedAt <= (this.#since.get(person) ?? -1);
  }

  async #turn(): Promise<void> {
    this.#reading = this.#read();
    await this.#reading;
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#turn(), POLL_MS).unref();
  }

  async #read(): Promise<void> {
    const { redis, keys, onError } = this.#options;
    try {
      const version = (await redis.hget(keys.revocations, 'v')) ?? '';
      if (version === this.#version) return;
      const all = await redis.hgetall(keys.revocations);
      this.#since = new Map(Object.entries(all).flatMap(([what, times]) => (what === 'v' ? [] : [[what, Number(times.split(':', 1)[0])]])));
      this.#version = version;
      for (const listener of this.#listeners) listener();
    } catch (error) {
      if (!this.#isClosed) onError(error instanceof Error ? error : new Error('revocations could not be read'));
    }
  }

  #personMark(subject: string): string | undefined {
    const pseudonym = this.#options.secrets?.pseudonym(subject);
    return pseudonym && `s:${pseudonym.toString('base64url')}`;
  }
}

/** Stands for a token or a key. Their ids are random, so a plain hash of one tells nothing. */
function markOf(via: string): string {
  return `c:${createHash('sha256').update(via).digest().subarray(0, 16).toString('base64url')}`;
}
