import type { ByteReader } from '../columns/ByteReader.js';
import type { ByteWriter } from '../columns/ByteWriter.js';
import { residuals, type Residuals, type Words } from './Residuals.js';

/** How the numbers are foretold. */
export type Prediction =
  /** Each from the one before it and a step: counters, gauges that wander, irregular times. */
  | { readonly kind: 'steps'; readonly first: number; readonly step: number }
  /** Each from a line through the first and the last, or a level one: times on a grid, gauges that are noise. */
  | { readonly kind: 'line'; readonly base: number; readonly span: number };

/** Differences of differences of these still fit a double exactly, and their signs as a bit too. */
export const LARGEST_INTEGER = 2 ** 50;

/** The prediction that leaves the least. @param numbers integers of at most 2^50 */
export function foretell(numbers: Float64Array): { readonly prediction: Prediction; readonly left: Residuals } {
  const last = numbers.length - 1;
  const candidates = [stepsOf(numbers), lineOf(numbers, 0), ...(last > 1 ? [lineOf(numbers, numbers[last]! - numbers[0]!)] : [])];
  let best = candidates[0]!;
  let least = Infinity;
  for (const candidate of candidates) {
    const bits = bitsOf(candidate.left);
    if (bits < least) [best, least] = [candidate, bits];
  }
  const low = new Uint32Array(numbers.length);
  const high = new Uint32Array(numbers.length);
  for (const [row, difference] of best.left.entries()) {
    const folded = difference < 0 ? -2 * difference - 1 : 2 * difference;
    low[row] = folded % 2 ** 32;
    high[row] = folded / 2 ** 32;
  }
  return { prediction: best.prediction, left: residuals(low, high) };
}

/** The numbers again, into `numbers`. Loops of their own for small residuals, and for a level line: half the time. */
export function recall(numbers: Float64Array, prediction: Prediction, width: number, { low, high }: Words): void {
  const count = numbers.length;
  if (width <= 4) for (let row = 0; row < count; row += 1) numbers[row] = (low[row]! >>> 1) ^ -(low[row]! & 1);
  else for (let row = 0; row < count; row += 1) numbers[row] = unfold(low[row]!, high[row]!);
  if (prediction.kind === 'steps') {
    const { step } = prediction;
    let number = prediction.first - step;
    for (let row = 0; row < count; row += 1) {
      number += step + numbers[row]!;
      numbers[row] = number;
    }
    return;
  }
  const { base, span } = prediction;
  const slope = slopeOf(span, count);
  if (span === 0) for (let row = 0; row < count; row += 1) numbers[row]! += base;
  else for (let row = 0; row < count; row += 1) numbers[row]! += base + Math.round(row * slope);
}

export function writePrediction(writer: ByteWriter, prediction: Prediction): void {
  const [one, other] = prediction.kind === 'steps' ? [prediction.first, prediction.step] : [prediction.base, prediction.span];
  writer.signed(one);
  writer.signed(other);
}

export function readPrediction(reader: ByteReader, kind: Prediction['kind']): Prediction {
  const one = reader.signed();
  const other = reader.signed();
  return kind === 'steps' ? { kind, first: one, step: other } : { kind, base: one, span: other };
}

interface Candidate {
  readonly prediction: Prediction;
  readonly left: Float64Array;
}

function stepsOf(numbers: Float64Array): Candidate {
  const left = numbers.map((number, row) => (row === 0 ? 0 : number - numbers[row - 1]!));
  const step = medianOf(left.subarray(1));
  for (let row = 1; row < left.length; row += 1) left[row]! -= step;
  return { prediction: { kind: 'steps', first: numbers[0] ?? 0, step }, left };
}

function lineOf(numbers: Float64Array, span: number): Candidate {
  const slope = slopeOf(span, numbers.length);
  const left = numbers.map((number, row) => number - Math.round(row * slope));
  const base = medianOf(left);
  for (let row = 0; row < left.length; row += 1) left[row]! -= base;
  return { prediction: { kind: 'line', base, span }, left };
}

function slopeOf(span: number, count: number): number {
  return count > 1 ? span / (count - 1) : 0;
}

const MOST_SAMPLED = 65;

/** The middle of some of the numbers, about: sorting all would take most of the time of encoding. */
function medianOf(numbers: Float64Array): number {
  const step = Math.ceil(numbers.length / MOST_SAMPLED) || 1;
  const sample = new Float64Array(Math.ceil(numbers.length / step));
  for (let place = 0; place < sample.length; place += 1) sample[place] = numbers[place * step]!;
  return sample.sort()[sample.length >> 1] ?? 0;
}

function bitsOf(left: Float64Array): number {
  let bits = 0;
  for (const difference of left) {
    const size = Math.abs(difference);
    bits += size < 2 ** 31 ? 32 - Math.clz32(size) : 53;
  }
  return bits;
}

/** From 0, 1, 2, 3, 4 to 0, -1, 1, -2, 2. */
function unfold(low: number, high: number): number {
  const size = high * 2 ** 31 + (low >>> 1);
  return (low & 1) === 0 ? size : -size - 1;
}
