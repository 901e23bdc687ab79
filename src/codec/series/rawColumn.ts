import { residuals, type Residuals, type Words } from './Residuals.js';

/** Doubles of any kind, each XORed with the one before it: what changes seldom (sign, exponent, first digits) becomes 0. */
export function xorDoubles(doubles: Float64Array): Residuals {
  const words = wordsOf(doubles);
  const low = new Uint32Array(doubles.length);
  const high = new Uint32Array(doubles.length);
  let [lowBefore, highBefore] = [0, 0];
  for (let row = 0; row < doubles.length; row += 1) {
    low[row] = words[2 * row]! ^ lowBefore;
    high[row] = words[2 * row + 1]! ^ highBefore;
    [lowBefore, highBefore] = [words[2 * row]!, words[2 * row + 1]!];
  }
  return residuals(low, high);
}

/** The doubles again, into `doubles`. */
export function unxorDoubles(doubles: Float64Array, { low, high }: Words): void {
  const words = wordsOf(doubles);
  let [lowBefore, highBefore] = [0, 0];
  for (let row = 0; row < doubles.length; row += 1) {
    lowBefore ^= low[row]!;
    highBefore ^= high[row]!;
    words[2 * row] = lowBefore;
    words[2 * row + 1] = highBefore;
  }
}

/** Low word first: Node runs on little-endian machines. */
function wordsOf(doubles: Float64Array): Uint32Array {
  return new Uint32Array(doubles.buffer, doubles.byteOffset, doubles.length * 2);
}
