import { ByteReader } from '../columns/ByteReader.js';
import { ByteWriter } from '../columns/ByteWriter.js';
import { malformed } from '../columns/malformed.js';
import { readColumnHeader, writeColumnHeader } from '../series/ColumnHeader.js';
import { fromDecimals, toDecimals } from '../series/decimals.js';
import { foretell, recall } from '../series/integerColumn.js';
import { unxorDoubles, xorDoubles } from '../series/rawColumn.js';
import { ResidualReader, writePlane } from '../series/Residuals.js';

/** Doubles as bytes: as whole numbers and a count of decimals where each fits, else each beside the one before it. */
export function encodeDoubles(doubles: Float64Array): Buffer {
  const decimals = toDecimals(doubles);
  const header = new ByteWriter(32);
  let left;
  if (decimals === undefined) {
    left = xorDoubles(doubles);
    writeColumnHeader(header, { kind: 'raw', width: left.width });
  } else {
    const foretold = foretell(decimals.numbers);
    left = foretold.left;
    writeColumnHeader(header, { kind: 'integers', width: left.width, digits: decimals.digits, prediction: foretold.prediction });
  }
  const planes = Buffer.allocUnsafe(left.width * doubles.length);
  for (let plane = 0; plane < left.width; plane += 1) writePlane(left, plane, planes, plane * doubles.length);
  return Buffer.concat([header.done(), planes]);
}

/** @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content */
export function decodeDoubles(bytes: Buffer, count: number): Float64Array {
  const reader = new ByteReader(bytes);
  const header = readColumnHeader(reader);
  const planes = reader.rest();
  if (header.kind === 'same' || planes.length !== header.width * count) throw malformed('a column of a rollup has another size than it says');
  const words = new ResidualReader().read(planes, Array.from({ length: header.width }, (_, plane) => plane * count), count);
  const doubles = new Float64Array(count);
  if (header.kind === 'raw') {
    unxorDoubles(doubles, words);
    return doubles;
  }
  recall(doubles, header.prediction, header.width, words);
  fromDecimals(doubles, header.digits);
  return doubles;
}
