import type { ByteReader } from './ByteReader.js';
import type { ByteWriter } from './ByteWriter.js';
import { malformed } from './malformed.js';

/**
 * Whole numbers as differences, divided by what divides them all: times of a log that counts seconds shrink by half.
 * @param numbers safe integers whose differences are safe too
 */
export function writeIntegers(writer: ByteWriter, numbers: ArrayLike<number>): void {
  let unit = 0;
  for (let row = 1; row < numbers.length && unit !== 1; row++) unit = commonDivisor(unit, Math.abs(numbers[row]! - numbers[row - 1]!));
  unit ||= 1;
  writer.unsigned(unit);
  writer.signed(numbers[0] ?? 0);
  for (let row = 1; row < numbers.length; row++) writer.signed((numbers[row]! - numbers[row - 1]!) / unit);
}

/** Doubles, since times and offsets are larger than 32 bits. */
export function readIntegers(reader: ByteReader, count: number): Float64Array {
  const unit = reader.unsigned();
  const numbers = reader.signeds(count);
  let number = numbers[0]!;
  for (let row = 1; row < count; row++) {
    number += numbers[row]! * unit;
    if (!Number.isSafeInteger(number)) throw malformed('a number is out of range');
    numbers[row] = number;
  }
  return numbers;
}

function commonDivisor(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small > 0) [large, small] = [small, large % small];
  return large;
}
