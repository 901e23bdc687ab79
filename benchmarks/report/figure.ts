import type { Spread } from '../support/spread.js';

/** The median of some rounds, with the least and the most in brackets where they differ. */
export function figure({ min, median, max }: Spread): string {
  const [least, middle, most] = [rounded(min), rounded(median), rounded(max)];
  return least === most ? middle : `${middle} (${least} to ${most})`;
}

/** Three digits, or as many as there are before the point. */
export function rounded(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-GB');
  return value.toFixed(size >= 10 ? 1 : 2);
}
