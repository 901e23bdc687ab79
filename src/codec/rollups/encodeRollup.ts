import type { RollupTable } from '../../insights/aggregation/RollupTable.js';
import type { SumColumn } from '../../insights/aggregation/SumColumn.js';
import { compressWell } from '../compression.js';
import { ByteWriter } from '../columns/ByteWriter.js';
import { toDecimals } from '../series/decimals.js';
import { AnalyticsError } from '../../errors/AnalyticsError.js';
import { encodeDoubles } from './doubleColumn.js';
import { toDecimalSums } from './sumPairs.js';
import { encodeVarints } from './varintColumn.js';

export const ROLLUP_FORMAT = 1;
/** Samples of one series in one day: 12 a millisecond. */
const MOST_COUNT = 2 ** 30;

/** In the order in which they are written. */
export const rollupColumns = [
  'buckets',
  'count',
  'sum',
  'sumRest',
  'min',
  'max',
  'first',
  'firstTime',
  'last',
  'lastTime',
  'increase',
  'increaseRest',
  'squares',
  'binCounts',
  'bins',
  'counts',
] as const;

export type RollupColumn = (typeof rollupColumns)[number];

/** How the two parts of sums rest: as decimal sums and rests in units of a power of two, or each as it is. */
export interface SumForm {
  readonly isDecimal: boolean;
  readonly unit: number;
}

/** Bits of the byte that says what the columns hold. */
export const rollupFlags = { decimals: 1, decimalSum: 2, decimalIncrease: 4, wholeSquares: 8, sketches: 16 } as const;

/**
 * A rollup as bytes: what it was computed from, the series, then each column compressed by itself, since a query reads two or three of them. Values are
 * written as what they differ from what others say: the minimum from the lesser of first and last, times from the bucket.
 *
 * @param versions UTC hour, counted from the table's first one → version of the samples that its rows were computed from
 */
export function encodeRollup(table: RollupTable, versions: ReadonlyMap<number, number>): Buffer {
  const { seriesIds, firstRows, buckets, count, extrema, edges, sketches } = table;
  const rows = buckets.length;
  const values = [extrema.min, extrema.max, edges.first, edges.last].map(toDecimals);
  const digits = values.every((column) => column !== undefined) ? Math.max(0, ...values.map((column) => column.digits)) : undefined;
  const sum = encodeSums(table.sum, digits);
  const increase = encodeSums(table.increase, digits);
  const squares = digits === undefined ? undefined : wholeSquares(table, digits);

  const writer = new ByteWriter(64 + 10 * seriesIds.length + 8 * rows);
  writer.byte(ROLLUP_FORMAT);
  writer.signed(table.start);
  writer.unsigned(table.width);
  writer.unsigned(versions.size);
  for (const [hour, version] of versions) {
    writer.unsigned(hour);
    writer.unsigned(version);
  }
  writer.unsigned(seriesIds.length);
  for (const [place, id] of seriesIds.entries()) {
    writer.bytes(Buffer.from(id, 'hex'));
    writer.unsigned(firstRows[place + 1]! - firstRows[place]!);
  }
  writer.byte(digits ?? 0);
  writer.byte(
    (digits === undefined ? 0 : rollupFlags.decimals) |
      (sum.form.isDecimal ? rollupFlags.decimalSum : 0) |
      (increase.form.isDecimal ? rollupFlags.decimalIncrease : 0) |
      (squares === undefined ? 0 : rollupFlags.wholeSquares) |
      (sketches === undefined ? 0 : rollupFlags.sketches),
  );
  writer.signed(sum.form.unit);
  writer.signed(increase.form.unit);

  const columns: Readonly<Record<RollupColumn, Float64Array | Buffer | undefined>> = {
    buckets: encodeVarints(differences(buckets)),
    count: encodeCounts(count),
    sum: sum.high,
    sumRest: sum.low,
    min: beside(extrema.min, edges.first.map((value, row) => Math.min(value, edges.last[row]!)), digits),
    max: beside(extrema.max, edges.first.map((value, row) => Math.max(value, edges.last[row]!)), digits),
    first: edges.first,
    firstTime: edges.firstTime.map((time, row) => time - table.start - buckets[row]! * table.width),
    last: edges.last,
    lastTime: edges.lastTime.map((time, row) => time - edges.firstTime[row]!),
    increase: increase.high,
    increaseRest: increase.low,
    squares: squares ?? table.squares,
    binCounts: sketches && encodeVarints(differences(sketches.firstBins).subarray(1)),
    bins: sketches && encodeVarints(differences(sketches.bins)),
    counts: sketches && encodeCounts(sketches.counts),
  };
  for (const name of rollupColumns) {
    const column = columns[name];
    if (column === undefined) continue;
    const bytes = Buffer.isBuffer(column) ? column : encodeDoubles(column);
    const packed = pack(bytes);
    writer.unsigned(bytes.length);
    writer.unsigned(packed.length);
    writer.bytes(packed);
  }
  return writer.done();
}

/** Below this a call of the compressor (80 µs) gains a few bytes at most. */
const LEAST_PACKED = 64;

/** As it is where that is no longer: then its two lengths are the same. */
function pack(bytes: Buffer): Buffer {
  if (bytes.length < LEAST_PACKED) return bytes;
  const packed = compressWell(bytes);
  return packed.length < bytes.length ? packed : bytes;
}

function differences(numbers: Uint32Array | Int32Array): Int32Array {
  return Int32Array.from(numbers, (number, place) => (place === 0 ? number : number - numbers[place - 1]!));
}

function encodeCounts(counts: Float64Array): Buffer {
  if (counts.every((count) => count <= MOST_COUNT)) return encodeVarints(counts);
  throw new AnalyticsError('INTERNAL', 'A rollup has a row of more samples than can be counted.');
}

/** With decimals, by how many units of the last one the values differ from what the ends of their rows suggest. */
function beside(values: Float64Array, suggested: Float64Array, digits: number | undefined): Float64Array {
  if (digits === undefined) return values;
  const scale = 10 ** digits;
  return values.map((value, row) => Math.round(value * scale) - Math.round(suggested[row]! * scale));
}

function encodeSums(sums: SumColumn, digits: number | undefined): { readonly form: SumForm; readonly high: Float64Array; readonly low: Float64Array } {
  const decimal = digits === undefined ? undefined : toDecimalSums(sums.high, sums.low, digits);
  if (decimal === undefined) return { form: { isDecimal: false, unit: 0 }, high: sums.high, low: sums.low };
  return { form: { isDecimal: true, unit: decimal.unit }, high: decimal.numbers, low: decimal.rests };
}

/** What a rounding may be off by, of a number that would be whole without it. */
const TOLERANCE = 1e-3;
const RELATIVE_TOLERANCE = 1e-14;
const LARGEST = 2 ** 50;

/**
 * Squared distances of numbers with `digits` decimals, times their count, are whole numbers of 10^(-2 digits): half the
 * bytes, and nearer to the true ones than what was computed.
 */
function wholeSquares({ squares, count }: RollupTable, digits: number): Float64Array | undefined {
  const scale = 10 ** (2 * digits);
  const numbers = new Float64Array(squares.length);
  for (const [row, square] of squares.entries()) {
    const scaled = square * count[row]! * scale;
    const number = Math.round(scaled);
    if (!(number <= LARGEST) || Math.abs(number - scaled) > Math.max(TOLERANCE, scaled * RELATIVE_TOLERANCE)) return undefined;
    numbers[row] = number;
  }
  return numbers;
}
