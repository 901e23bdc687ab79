/** When failed sign-ins lock out, and for how long. docs/access.md says the same in words. */
export interface LockOutLimits {
  /** Failures within `windowMs` that lock out. */
  readonly failures: number;
  readonly windowMs: number;
  /** The first lock, ms; each further one is twice as long. */
  readonly firstLockMs: number;
  readonly longestLockMs: number;
  /** ms after a lock for which the next one is longer. */
  readonly rememberedMs: number;
  /** Addresses and people that are counted at a time, some 150 bytes each in Redis; beyond it those that would be forgotten first are. */
  readonly kept: number;
}

/**
 * With these, somebody with a stolen token has 5 guesses at a code, and then 120 a day at most: one in 3,000 a day, where 3 codes
 * of a million hold at a time.
 */
export const lockOutLimits: LockOutLimits = {
  failures: 5,
  windowMs: 15 * 60_000,
  firstLockMs: 60_000,
  longestLockMs: 60 * 60_000,
  rememberedMs: 24 * 60 * 60_000,
  kept: 20_000,
};
