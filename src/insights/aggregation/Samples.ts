/** Samples of one series in the order of (time, value), as columns of the same length. */
export interface Samples {
  /** ms since 1970. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** The first place from `from` on whose time is `limit` or later. Runs are short, so it looks near first. */
export function placeOf(times: Float64Array, limit: number, from: number, to: number): number {
  let low = from;
  let step = 8;
  while (low + step < to && times[low + step]! < limit) {
    low += step;
    step *= 2;
  }
  let high = Math.min(to, low + step);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
