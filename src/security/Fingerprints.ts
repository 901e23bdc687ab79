import { createHmac, type BinaryLike } from 'node:crypto';

import { LRUCache } from 'lru-cache';

const USERS_KEPT = 10_000;

/**
 * Keyed hashes for index keys. They are pseudonyms and stay health data: without the key they say nothing, with it they
 * can be matched. Each use has a key of its own, so that a hash of one place cannot be looked up in another.
 */
export class Fingerprints {
  readonly #root: Buffer;
  readonly #names: Buffer;
  readonly #series: Buffer;
  readonly #tags: Buffer;
  readonly #seen: Buffer;
  readonly #visitors: Buffer;
  readonly #users = new LRUCache<string, Buffer>({ max: USERS_KEPT });
  readonly #knownVisitors = new LRUCache<string, Buffer>({ max: USERS_KEPT });
  readonly #lastSeen = new Map<string, { readonly id: string; readonly field: Buffer }>();
  #cursors: Buffer | undefined;
  #subjects: Buffer | undefined;
  #failures: Buffer | undefined;
  #factors: Buffer | undefined;
  #day = -1;
  #dayKey: Buffer = Buffer.alloc(0);

  constructor(root: Buffer) {
    this.#root = root;
    this.#names = this.#derive('metric names');
    this.#series = this.#derive('series');
    this.#tags = this.#derive('tags');
    this.#seen = this.#derive('seen ids');
    this.#visitors = this.#derive('visitors');
  }

  /** 4 bytes that stand for a user in the feed on one UTC day (days since the epoch). Two users share one in 2^32. */
  user(userId: string, day: number): Buffer {
    if (day !== this.#day) {
      this.#day = day;
      this.#dayKey = this.#derive(`users of day ${day}`);
      this.#users.clear();
    }
    let known = this.#users.get(userId);
    if (known === undefined) {
      known = hmac(this.#dayKey, userId).subarray(0, 4);
      this.#users.set(userId, known);
    }
    return known;
  }

  /**
   * 8 bytes that stand for a user where users are counted. The same on every day, so that days can be united. Among 100
   * million users a million pairs would share 4 bytes; 8 bytes they share once in 3,700 such stores.
   */
  visitor(userId: string): Buffer {
    let known = this.#knownVisitors.get(userId);
    if (known === undefined) {
      known = hmac(this.#visitors, userId).subarray(0, 8);
      this.#knownVisitors.set(userId, known);
    }
    return known;
  }

  /** 32 bytes that stand for a metric's name. */
  metricName(name: string): Buffer {
    return hmac(this.#names, name);
  }

  /** 8 bytes that stand for a series: a metric's name and its whole tag set, canonical. */
  series(name: string, canonicalTags: string): Buffer {
    return hmac(this.#series, `${name.length}:${name}${canonicalTags}`).subarray(0, 8);
  }

  /** 8 bytes that stand for one tag of one metric. */
  tag(name: string, key: string, value: string): Buffer {
    return hmac(this.#tags, `${name.length}:${name}${key.length}:${key}${value}`).subarray(0, 8);
  }

  /** 32 bytes that bind a place in an answer to its query, so that a cursor goes on with no other. */
  cursor(placeAndQuery: string): Buffer {
    return hmac((this.#cursors ??= this.#derive('cursors')), placeAndQuery);
  }

  /** 16 bytes that stand for a user who was erased, or whose data are held or were given out. */
  subject(userId: string): Buffer {
    return hmac((this.#subjects ??= this.#derive('subjects')), userId).subarray(0, 16);
  }

  /** 16 bytes that stand for an address or a person whose sign-in failed. */
  failure(text: string): Buffer {
    return hmac((this.#failures ??= this.#derive('failed sign-ins')), text).subarray(0, 16);
  }

  /** 16 bytes that stand for a person with a second factor, or for a recovery code of theirs. */
  secondFactor(text: string): Buffer {
    return hmac((this.#factors ??= this.#derive('second factors')), text).subarray(0, 16);
  }

  /** Forgets whom it made hashes for: it keeps their ids beside them. */
  forget(): void {
    this.#users.clear();
    this.#knownVisitors.clear();
  }

  /** 8 bytes that stand for an id that was stored. `kind` keeps ids of events and of batches apart; types have keys of their own. */
  seen(kind: string, id: string): Buffer {
    const last = this.#lastSeen.get(kind);
    // The parts of a batch ask for the batch's mark one after the other.
    if (last?.id === id) return last.field;
    const field = hmac(this.#seen, `${kind}|${id}`).subarray(0, 8);
    this.#lastSeen.set(kind, { id, field });
    return field;
  }

  #derive(purpose: string): Buffer {
    return hmac(this.#root, purpose);
  }
}

function hmac(key: Buffer, data: BinaryLike): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
