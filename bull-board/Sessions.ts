import { createHash, randomBytes } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import type { Principal } from '../src/access/Principal.js';
import type { Identity } from '../src/access/revocation/Identity.js';
import type { BoardRole } from './boardRoles.js';

export interface Session {
  readonly role: BoardRole;
  /** Who it is, acting in that role alone. */
  readonly principal: Principal;
  /** What they signed in with. */
  readonly identity: Identity;
  /** When somebody last did something, ms since the epoch. */
  activeAt: number;
  /** When it ends whatever is done. */
  readonly endsAt: number;
}

/** Without anything done for this long, a session ends. */
export const IDLE_MS = 15 * 60_000;
const LONGEST_MS = 12 * 60 * 60_000;
const MOST_SESSIONS = 1000;

/**
 * Who is signed in, in the memory of this process: a restart signs everybody out. Pages refresh themselves, so a request
 * is no sign that somebody is there; `touch` is.
 */
export class Sessions {
  // By hash: whoever reads this memory cannot sign in with what is found.
  readonly #byHash = new LRUCache<string, Session>({ max: MOST_SESSIONS });
  readonly #now: () => number;
  readonly #isRevoked: (identity: Identity) => boolean;

  /** @param isRevoked whether what somebody signed in with was revoked meanwhile */
  constructor(now: () => number = Date.now, isRevoked: (identity: Identity) => boolean = () => false) {
    this.#now = now;
    this.#isRevoked = isRevoked;
  }

  /** @returns the secret that the browser keeps */
  open(role: BoardRole, principal: Principal, identity: Identity): string {
    const secret = randomBytes(32).toString('base64url');
    const now = this.#now();
    this.#byHash.set(hashOf(secret), { role, principal, identity, activeAt: now, endsAt: Math.min(now + LONGEST_MS, identity.expiresAt ?? Infinity) });
    return secret;
  }

  find(secret: string | undefined): Session | undefined {
    if (secret === undefined) return undefined;
    const hash = hashOf(secret);
    const session = this.#byHash.get(hash);
    if (session === undefined) return undefined;
    const now = this.#now();
    if (now < session.endsAt && now < session.activeAt + IDLE_MS && !this.#isRevoked(session.identity)) return session;
    this.#byHash.delete(hash);
    return undefined;
  }

  touch(session: Session): void {
    session.activeAt = this.#now();
  }

  end(secret: string): void {
    this.#byHash.delete(hashOf(secret));
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
