import { ByteReader } from '../columns/ByteReader.js';
import { malformed } from '../columns/malformed.js';
import { readColumnHeader, type ColumnHeader } from './ColumnHeader.js';
import { fromDecimals } from './decimals.js';
import { PLANES, SERIES_BLOCK_FORMAT } from './encodeSeriesBlock.js';
import { recall } from './integerColumn.js';
import { unxorDoubles } from './rawColumn.js';
import { ResidualReader, type Words } from './Residuals.js';
import type { SeriesSamples } from './SeriesSamples.js';

/** No block is made larger; one that claims to be is refused before memory is taken for it. */
const MOST_ROWS = 2 ** 24;
const ID_BYTES = 8;

interface SeriesHeader {
  readonly seriesId: string;
  readonly count: number;
  readonly times: ColumnHeader;
  readonly values: ColumnHeader;
}

/**
 * The series of a block, in its order, each in the order of (time, value). Series of the same times share one array.
 * @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content
 */
export function decodeSeriesBlock(bytes: Buffer): SeriesSamples[] {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== SERIES_BLOCK_FORMAT) throw malformed('a block of series has a format that this version does not know');
  const headers = readHeaders(reader);
  const body = reader.rest();
  const [timePlanes, valuePlanes] = placePlanes(headers, body.length);

  // One array for all: a small one for each series would cost more than filling it.
  const rows = headers.reduce((sum, { count }) => sum + count, 0);
  const [allTimes, allValues] = [new Float64Array(rows), new Float64Array(rows)];
  const words = new ResidualReader();
  let start = 0;
  let before: Float64Array = allTimes.subarray(0, 0);
  return headers.map(({ seriesId, count, times, values }, place) => {
    const end = start + count;
    if (times.kind !== 'same') {
      before = allTimes.subarray(start, end);
      fill(before, times, words.read(body, timePlanes[place]!, count));
    } else if (before.length !== count) throw malformed('a series has the times of another');
    const own = allValues.subarray(start, end);
    fill(own, values, words.read(body, valuePlanes[place]!, count));
    start = end;
    return { seriesId, times: before, values: own };
  });
}

function readHeaders(reader: ByteReader): SeriesHeader[] {
  const headers: SeriesHeader[] = [];
  let rows = 0;
  for (let left = reader.unsigned(); left > 0; left -= 1) {
    const seriesId = reader.bytes(ID_BYTES).toString('hex');
    const count = reader.unsigned();
    rows += count;
    if (rows > MOST_ROWS) throw malformed('a block of series is too large');
    headers.push({ seriesId, count, times: readColumnHeader(reader), values: readColumnHeader(reader) });
  }
  return headers;
}

/** Where each plane of each series begins: those of the times, and those of the values. */
function placePlanes(headers: readonly SeriesHeader[], size: number): [times: number[][], values: number[][]] {
  let at = 0;
  const place = (columns: readonly { readonly width: number; readonly count: number }[]): number[][] => {
    const places: number[][] = columns.map(() => []);
    for (let plane = 0; plane < PLANES; plane += 1) {
      for (const [series, { width, count }] of columns.entries()) {
        if (plane >= width) continue;
        places[series]!.push(at);
        at += count;
      }
    }
    return places;
  };
  const times = place(headers.map((header) => ({ width: header.times.width, count: header.count })));
  const values = place(headers.map((header) => ({ width: header.values.width, count: header.count })));
  if (at !== size) throw malformed('a block of series has another size than it says');
  return [times, values];
}

function fill(numbers: Float64Array, column: ColumnHeader, words: Words): void {
  if (column.kind === 'raw') unxorDoubles(numbers, words);
  if (column.kind !== 'integers') return;
  recall(numbers, column.prediction, column.width, words);
  fromDecimals(numbers, column.digits);
}
