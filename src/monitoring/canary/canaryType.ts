/**
 * The event type of the service's own test events. No caller can use it, query it or be sent it: it is of no form that a
 * type may have, and is not in the list of types.
 */
export const CANARY_TYPE = '~canary';

/** How often one is sent. */
export const CANARY_INTERVAL_MS = 3000;

/** What is not done with one after so long is not going to be done. */
export const CANARY_LATE_MS = 10_000;

/** What is kept of canaries goes so long after the last one. */
export const CANARY_KEPT_MS = 600_000;
