import { LRUCache } from 'lru-cache';

import type { LockOutLimits } from './lockOutLimits.js';

interface Count {
  readonly failures: number;
  readonly windowEndsAt: number;
  readonly locks: number;
  readonly lockedUntil: number;
}

const NONE: Count = { failures: 0, windowEndsAt: 0, locks: 0, lockedUntil: 0 };

/** What a failure came to. */
export interface Noted {
  /** ms for which whoever it was had been locked out before; then nothing was counted. */
  readonly beforeMs: number;
  /** ms for which they are locked out now. */
  readonly nowMs: number;
}

/** Counts failures in this process's memory, by the rules of `noteFailure.lua`: for while Redis is away. */
export class FailureCounter {
  readonly #limits: LockOutLimits;
  readonly #counts: LRUCache<string, Count>;

  constructor(limits: LockOutLimits) {
    this.#limits = limits;
    this.#counts = new LRUCache({ max: limits.kept });
  }

  lockedFor(mark: string, now: number): number {
    return Math.max(0, (this.#counts.get(mark)?.lockedUntil ?? 0) - now);
  }

  note(mark: string, now: number): Noted {
    const beforeMs = this.lockedFor(mark, now);
    if (beforeMs > 0) return { beforeMs, nowMs: beforeMs };
    const { failures, windowMs, firstLockMs, longestLockMs, rememberedMs } = this.#limits;
    const known = this.#counts.get(mark) ?? NONE;
    const locks = known.lockedUntil + rememberedMs > now ? known.locks : 0;
    const isSameWindow = known.windowEndsAt > now;
    const count = (isSameWindow ? known.failures : 0) + 1;
    const isLocked = count >= failures;
    const lockMs = isLocked ? Math.min(firstLockMs * 2 ** locks, longestLockMs) : 0;
    this.#counts.set(mark, {
      failures: isLocked ? 0 : count,
      windowEndsAt: isLocked ? now : isSameWindow ? known.windowEndsAt : now + windowMs,
      locks: isLocked ? locks + 1 : locks,
      lockedUntil: isLocked ? now + lockMs : known.lockedUntil,
    });
    return { beforeMs: 0, nowMs: lockMs };
  }

  forget(mark: string): void {
    const known = this.#counts.get(mark);
    if (known !== undefined) this.#counts.set(mark, { ...NONE, locks: known.locks });
  }
}
