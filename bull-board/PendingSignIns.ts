import { createHash, randomBytes } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import type { Identity } from '../src/access/revocation/Identity.js';
import type { BoardRole } from './boardRoles.js';

/** Somebody whose token is good, and whose code is still to come. */
export interface PendingSignIn {
  readonly role: BoardRole;
  readonly identity: Identity;
  readonly endsAt: number;
}

/** How long a code may take, ms. */
const PENDING_MS = 5 * 60_000;
const MOST = 1000;

/** Who has shown a good token and no code yet, in the memory of this process: no secret of theirs stands in a page. */
export class PendingSignIns {
  // By hash, as sessions are.
  readonly #byHash = new LRUCache<string, PendingSignIn>({ max: MOST });
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @returns the secret that the browser keeps meanwhile; it opens nothing */
  open(role: BoardRole, identity: Identity): string {
    const secret = randomBytes(32).toString('base64url');
    const now = this.#now();
    this.#byHash.set(hashOf(secret), { role, identity, endsAt: Math.min(now + PENDING_MS, identity.expiresAt ?? Infinity) });
    return secret;
  }

  find(secret: string | undefined): PendingSignIn | undefined {
    const pending = secret === undefined ? undefined : this.#byHash.get(hashOf(secret));
    return pending !== undefined && this.#now() < pending.endsAt ? pending : undefined;
  }

  /** Takes it away: of two that bring it at once, one gets in. @returns whether it was there */
  end(secret: string): boolean {
    return this.#byHash.delete(hashOf(secret));
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
