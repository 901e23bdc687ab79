/** What `startsSlowly` takes to start, ms. */
export const SLOW_START_MS = 3000;
