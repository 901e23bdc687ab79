import type { ByteReader } from '../columns/ByteReader.js';
import type { ByteWriter } from '../columns/ByteWriter.js';
import { malformed } from '../columns/malformed.js';
import { MOST_DIGITS } from './decimals.js';
import { readPrediction, writePrediction, type Prediction } from './integerColumn.js';

/** How one column of one series rests in a block. `width` says how many planes its rows have. */
export type ColumnHeader =
  /** The times of the series before it, as when one scrape gives many series one time. */
  | { readonly kind: 'same'; readonly width: 0 }
  /** Doubles of any kind. */
  | { readonly kind: 'raw'; readonly width: number }
  /** Whole numbers, to be divided by 10^digits. */
  | { readonly kind: 'integers'; readonly width: number; readonly digits: number; readonly prediction: Prediction };

const CODES = ['same', 'raw', 'steps', 'line'] as const;
const WIDTHS = 16;
const MOST_WIDTH = 8;

export function writeColumnHeader(writer: ByteWriter, header: ColumnHeader): void {
  const code = header.kind === 'integers' ? header.prediction.kind : header.kind;
  writer.byte(CODES.indexOf(code) * WIDTHS + header.width);
  if (header.kind !== 'integers') return;
  writer.byte(header.digits);
  writePrediction(writer, header.prediction);
}

/** @throws AnalyticsError `STORE_INCONSISTENT` for what `writeColumnHeader` cannot have written */
export function readColumnHeader(reader: ByteReader): ColumnHeader {
  const byte = reader.byte();
  const code = CODES[Math.floor(byte / WIDTHS)];
  const width = byte % WIDTHS;
  if (code === undefined || width > MOST_WIDTH) throw malformed('a column of samples has an unknown form');
  if (code === 'same') return { kind: 'same', width: 0 };
  if (code === 'raw') return { kind: 'raw', width };
  const digits = reader.byte();
  if (digits > MOST_DIGITS) throw malformed('a column of samples has an unknown scale');
  return { kind: 'integers', width, digits, prediction: readPrediction(reader, code) };
}
