export const HOUR_MS = 3_600_000;

/** The UTC hour that a time (ms since 1970) lies in, counted from 1970. */
export function hourOf(timestamp: number): number {
  return Math.floor(timestamp / HOUR_MS);
}
