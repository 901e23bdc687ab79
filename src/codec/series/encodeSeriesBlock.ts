import { ByteWriter } from '../columns/ByteWriter.js';
import { writeColumnHeader, type ColumnHeader } from './ColumnHeader.js';
import { toDecimals } from './decimals.js';
import { foretell, LARGEST_INTEGER } from './integerColumn.js';
import { xorDoubles } from './rawColumn.js';
import { writePlane, type Residuals } from './Residuals.js';
import type { SeriesSamples } from './SeriesSamples.js';
import { sortSamples } from './sortSamples.js';

export const SERIES_BLOCK_FORMAT = 1;
/** Bytes of a number at most, so planes of a column. */
export const PLANES = 8;

interface EncodedColumn {
  readonly header: ColumnHeader;
  readonly left: Residuals | undefined;
}

/**
 * Several series as bytes: the series' headers, then the planes of what is left of all times, then of all values. About 2
 * bytes a sample once deflated, for samples every 15 s with some ms of jitter and values of two decimals.
 *
 * @param series in any order, and their samples too
 */
export function encodeSeriesBlock(series: readonly SeriesSamples[]): Buffer {
  const header = new ByteWriter(32 * series.length);
  header.byte(SERIES_BLOCK_FORMAT);
  header.unsigned(series.length);
  const columns: readonly [times: EncodedColumn[], values: EncodedColumn[]] = [[], []];
  let before: Float64Array | undefined;
  for (const one of series) {
    const [times, values] = sortSamples(one.times, one.values);
    header.bytes(Buffer.from(one.seriesId, 'hex'));
    header.unsigned(times.length);
    const encoded = [before !== undefined && areEqual(times, before) ? SAME : encodeTimes(times), encodeValues(values)] as const;
    for (const [place, column] of encoded.entries()) {
      writeColumnHeader(header, column.header);
      columns[place]!.push(column);
    }
    before = times;
  }
  return Buffer.concat([header.done(), ...columns.map(layOutPlanes)]);
}

const SAME: EncodedColumn = { header: { kind: 'same', width: 0 }, left: undefined };

function encodeTimes(times: Float64Array): EncodedColumn {
  const areIntegers = times.every((time) => Number.isInteger(time) && Math.abs(time) <= LARGEST_INTEGER && !Object.is(time, -0));
  return areIntegers ? encodeIntegers(times, 0) : encodeRaw(times);
}

function encodeValues(values: Float64Array): EncodedColumn {
  const decimals = toDecimals(values);
  return decimals === undefined ? encodeRaw(values) : encodeIntegers(decimals.numbers, decimals.digits);
}

function encodeIntegers(numbers: Float64Array, digits: number): EncodedColumn {
  const { prediction, left } = foretell(numbers);
  return { header: { kind: 'integers', width: left.width, digits, prediction }, left };
}

function encodeRaw(doubles: Float64Array): EncodedColumn {
  const left = xorDoubles(doubles);
  return { header: { kind: 'raw', width: left.width }, left };
}

function layOutPlanes(columns: readonly EncodedColumn[]): Buffer {
  const bytes = Buffer.allocUnsafe(columns.reduce((sum, { left }) => sum + (left === undefined ? 0 : left.width * left.low.length), 0));
  let at = 0;
  for (let plane = 0; plane < PLANES; plane += 1) {
    for (const { left } of columns) {
      if (left === undefined || plane >= left.width) continue;
      writePlane(left, plane, bytes, at);
      at += left.low.length;
    }
  }
  return bytes;
}

function areEqual(one: Float64Array, other: Float64Array): boolean {
  return one.length === other.length && one.every((time, place) => Object.is(time, other[place]));
}
