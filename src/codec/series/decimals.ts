import { LARGEST_INTEGER } from './integerColumn.js';

/** Decimals that are tried. */
export const MOST_DIGITS = 12;

/** Powers of ten that a double holds exactly, so that a division by one is rounded once, to the nearest double. */
const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, digits) => 10 ** digits);

/**
 * Doubles as whole numbers and a count of decimals: 12.34 as 1234 and 2. Each is tried: undefined where a division would
 * not give back one of them to the last bit, as with -0, 0.1 + 0.2 or 1e300.
 */
export function toDecimals(doubles: Float64Array): { readonly digits: number; readonly numbers: Float64Array } | undefined {
  let digits = 0;
  for (const double of doubles) {
    while (!isExact(double, POWERS[digits]!)) if (++digits > MOST_DIGITS) return undefined;
  }
  const scale = POWERS[digits]!;
  // A number that fits with fewer decimals may be too large with more.
  if (!doubles.every((double) => isExact(double, scale))) return undefined;
  return { digits, numbers: doubles.map((double) => Math.round(double * scale)) };
}

/** Whole numbers back to what they were, in place. */
export function fromDecimals(numbers: Float64Array, digits: number): void {
  if (digits === 0) return;
  const scale = POWERS[digits]!; // checked by who read it
  for (let row = 0; row < numbers.length; row += 1) numbers[row]! /= scale;
}

function isExact(double: number, scale: number): boolean {
  const number = Math.round(double * scale);
  return Math.abs(number) <= LARGEST_INTEGER && number / scale === double && !Object.is(number, -0);
}
