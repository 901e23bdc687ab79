/** What is promised, ms: docs/reliability.md has the same. */
export const limits = {
  /** A killed worker's jobs run again. */
  workerAgainMs: 5000,
  /** A crashed child's job runs again. */
  childAgainMs: 1000,
  /** A hung child is killed, and its job runs again. */
  hungAgainMs: 10_000,
  /** Children end after their parent was killed. */
  orphanMs: 2000,
  /** After a fault has ended an event gets from `trackEvent` to the store. */
  flowMs: 5000,
} as const;
