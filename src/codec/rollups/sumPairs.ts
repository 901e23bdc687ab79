/**
 * Sums in double-double arithmetic as what they are mostly: sums of numbers with few decimals. `numbers / 10^digits` is the
 * decimal sum, and `rests` the rest of the binary one, a small multiple of a power of two: together 4 bytes instead of 16.
 */
export interface DecimalSums {
  readonly numbers: Float64Array;
  /** In units of 2^unit. */
  readonly rests: Float64Array;
  readonly unit: number;
}

/** Whole numbers up to this are told apart in every step of the codec. */
const LARGEST = 2 ** 50;
const LEAST_UNIT = -1000;

/** @returns undefined where a sum would not come back to the last bit of both of its parts */
export function toDecimalSums(high: Float64Array, low: Float64Array, digits: number): DecimalSums | undefined {
  const scale = 10 ** digits;
  const numbers = high.map((sum) => Math.round(sum * scale) + 0);
  const rests = new Float64Array(high.length);
  let unit = 0;
  for (const [row, number] of numbers.entries()) {
    if (!(Math.abs(number) <= LARGEST)) return undefined;
    const rest = high[row]! - number / scale + low[row]!;
    rests[row] = rest;
    unit = Math.min(unit, lowestBit(rest));
  }
  if (unit < LEAST_UNIT) return undefined;
  const step = 2 ** unit;
  for (let row = 0; row < rests.length; row += 1) {
    rests[row] = rests[row]! / step + 0;
    if (!(Math.abs(rests[row]!) <= LARGEST)) return undefined;
  }
  const sums = { numbers, rests, unit };
  const again = fromDecimalSums(sums, digits);
  return again.high.every((sum, row) => Object.is(sum, high[row])) && again.low.every((rest, row) => rest === low[row]) ? sums : undefined;
}

export function fromDecimalSums({ numbers, rests, unit }: DecimalSums, digits: number): { readonly high: Float64Array; readonly low: Float64Array } {
  const scale = 10 ** digits;
  const step = 2 ** unit;
  const high = new Float64Array(numbers.length);
  const low = new Float64Array(numbers.length);
  for (let row = 0; row < numbers.length; row += 1) {
    const base = numbers[row]! / scale;
    const rest = rests[row]! * step;
    const sum = base + rest;
    const taken = sum - base;
    high[row] = sum;
    low[row] = base - (sum - taken) + (rest - taken);
  }
  return { high, low };
}

/** The exponent of the lowest bit that is set; 0 for 0. */
function lowestBit(value: number): number {
  if (value === 0) return 0;
  const [word] = new BigUint64Array(Float64Array.of(value).buffer);
  const bits = word!; // one element
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = (bits & ((1n << 52n) - 1n)) | (exponent === 0 ? 0n : 1n << 52n);
  let zeros = 0;
  while (((fraction >> BigInt(zeros)) & 1n) === 0n) zeros += 1;
  return Math.max(exponent, 1) - 1075 + zeros;
}
