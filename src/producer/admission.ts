/**
 * Up to which share of the bound a lane's calls are taken: of Redis' `maxmemory`, or of the events that may wait. What can
 * wait is refused first, so that the rest still gets through.
 */
export const admittedUpTo = { low: 0.8, normal: 0.8, metrics: 0.8, high: 0.9, critical: 0.95 } as const;
export type AdmissionClass = keyof typeof admittedUpTo;

/** By how much the load has to fall below that before calls are taken again: at the edge every second call would be refused. */
export const RESUME_BELOW = 0.05;
/** From here on the load is looked at closely. */
export const NEARLY_FULL = 0.7;

const RETRY_LEAST_MS = 1000;
const RETRY_MOST_MS = 30_000;
/** The hint doubles with each so much of overload. */
const DOUBLES_EVERY = 0.05;

/** When to try again, ms: 1 s at the edge, 16 s at 20 % beyond it, 30 s at most. */
export function retryAfterMs(load: number, admitted: number): number {
  return Math.round(Math.min(RETRY_LEAST_MS * 2 ** (Math.max(0, load - admitted) / DOUBLES_EVERY), RETRY_MOST_MS));
}
