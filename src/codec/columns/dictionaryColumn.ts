import type { JsonValue } from '../../contract/json.js';
import { ByteReader } from './ByteReader.js';
import { ByteWriter } from './ByteWriter.js';
import type { Column } from './Column.js';
import { readIntegers, writeIntegers } from './integerColumn.js';
import { jsonText } from './jsonText.js';
import { malformed } from './malformed.js';

const CONSTANT = 0;
const NARROW = 1;
const WIDE = 2;
const INTEGERS = 3;

/** The code of a row that holds the next value which no row before it held. */
const NEW = 0;
/** The code of a row that holds none. */
const ABSENT = 1;
/** The code of a row that holds the first value once more. */
const SEEN = 2;
const NARROW_VALUES = 256 - SEEN;
/** Differences of such numbers are exact. */
const LARGEST_INTEGER = 2 ** 52;

/**
 * A column as its distinct values, JSON in the order in which they appear, and a code for each row. A new value's code
 * is always the same, so that columns in which nearly all differ need no other form: 15.0 bytes an event in all of a web
 * log's columns, against 15.6 with plain indexes and 19.1 for JSON in the order of the rows. Two-byte codes are laid out low bytes
 * first, then high bytes (another 0.9).
 */
export function packDictionary(values: readonly (JsonValue | undefined)[]): Buffer {
  const distinct = new DistinctValues();
  const codes = new Uint16Array(values.length);
  let absent = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value === undefined) absent++;
    const known = distinct.values.length;
    const place = value === undefined ? undefined : distinct.place(value);
    codes[row] = place === undefined ? ABSENT : place === known ? NEW : place + SEEN;
  }
  if (distinct.values.length === 1 && absent === 0) return Buffer.concat([Buffer.of(CONSTANT), Buffer.from(jsonText(distinct.values[0]!))]);

  const isNarrow = distinct.values.length <= NARROW_VALUES;
  const writer = new ByteWriter(values.length * 4);
  writer.byte(isNarrow ? NARROW : WIDE);
  writer.text(`[${distinct.values.map(jsonText).join(',')}]`);
  writer.bytes(Uint8Array.from(codes, (code) => code & 0xff));
  if (!isNarrow) writer.bytes(Uint8Array.from(codes, (code) => code >> 8));
  return writer.done();
}

/** The same as differences, for counters and times. Undefined where it is no gain, or not exact. */
export function packIntegers(values: readonly (JsonValue | undefined)[]): Buffer | undefined {
  const isFit = (value: JsonValue | undefined): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) <= LARGEST_INTEGER && !Object.is(value, -0);
  if (values.length < 2 || !values.every(isFit)) return undefined;
  if (new Set(values).size < values.length / 2) return undefined;
  const writer = new ByteWriter(values.length * 4);
  writer.byte(INTEGERS);
  writeIntegers(writer, values);
  return writer.done();
}

/** @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content */
export function readDictionary(bytes: Buffer, count: number): Column {
  const reader = new ByteReader(bytes);
  const kind = reader.byte();
  if (kind === CONSTANT) return { values: [parse(reader.rest().toString('utf8'))], indexes: new Uint8Array(count) };
  if (kind === INTEGERS) return integers(reader, count);
  if (kind !== NARROW && kind !== WIDE) throw malformed('a column is of an unknown kind');
  const values = parse(reader.text());
  if (!Array.isArray(values)) throw malformed('a dictionary is not a list');
  const low = reader.bytes(count);
  const high = kind === WIDE ? reader.bytes(count) : undefined;
  reader.end();
  // Values are parsed JSON: no undefined among them.
  return high === undefined ? narrow(values as JsonValue[], low) : wide(values as JsonValue[], low, high);
}

/** The column of a chunk in which no row has the member. */
export function absentColumn(count: number): Column {
  return { values: [undefined], indexes: new Uint8Array(count) };
}

/** Builds a column from one value for each row. */
export function toColumn(values: readonly (JsonValue | undefined)[]): Column {
  const distinct = new DistinctValues();
  const places = values.map((value) => (value === undefined ? undefined : distinct.place(value)));
  const absent = distinct.values.length;
  const indexes = absent < 256 ? new Uint8Array(values.length) : new Uint16Array(values.length);
  for (const [row, place] of places.entries()) indexes[row] = place ?? absent;
  return { values: places.includes(undefined) ? [...distinct.values, undefined] : distinct.values, indexes };
}

/** Apart from `wide`, and with nothing but bytes: 1.5 ns a row. */
function narrow(values: JsonValue[], codes: Uint8Array): Column {
  const absent = values.length;
  const indexes = new Uint8Array(codes.length);
  let next = 0;
  let isAbsentSomewhere = false;
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    if (code >= SEEN) {
      if (code - SEEN >= next) throw malformed('a code points outside its dictionary');
      indexes[row] = code - SEEN;
    } else if (code === NEW) {
      indexes[row] = next++;
    } else {
      isAbsentSomewhere = true;
      indexes[row] = absent;
    }
  }
  if (next !== values.length || next > NARROW_VALUES) throw malformed('a dictionary does not match its codes');
  return { values: isAbsentSomewhere ? [...values, undefined] : values, indexes };
}

function wide(values: JsonValue[], low: Uint8Array, high: Uint8Array): Column {
  const absent = values.length;
  const indexes = new Uint16Array(low.length);
  let next = 0;
  let isAbsentSomewhere = false;
  for (let row = 0; row < low.length; row++) {
    const code = low[row]! | (high[row]! << 8);
    if (code >= SEEN) {
      if (code - SEEN >= next) throw malformed('a code points outside its dictionary');
      indexes[row] = code - SEEN;
    } else if (code === NEW) {
      indexes[row] = next++;
    } else {
      isAbsentSomewhere = true;
      indexes[row] = absent;
    }
  }
  if (next !== values.length) throw malformed('a dictionary does not match its codes');
  return { values: isAbsentSomewhere ? [...values, undefined] : values, indexes };
}

function integers(reader: ByteReader, count: number): Column {
  const numbers = readIntegers(reader, count);
  reader.end();
  const places = new Map<number, number>();
  const indexes = new Uint16Array(count);
  for (let row = 0; row < count; row++) {
    const number = numbers[row]!;
    let place = places.get(number);
    if (place === undefined) places.set(number, (place = places.size));
    indexes[row] = place;
  }
  return { values: [...places.keys()], indexes };
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw malformed('a dictionary is not JSON');
  }
}

/** Values in the order in which they appeared first. What is nested is the same when its JSON is. */
class DistinctValues {
  readonly values: JsonValue[] = [];
  readonly #places = new Map<JsonValue, number>();
  readonly #nested = new Map<string, number>();

  place(value: JsonValue): number {
    // A Map takes -0 for 0.
    const isPlain = (typeof value !== 'object' || value === null) && !Object.is(value, -0);
    const places: Map<JsonValue, number> = isPlain ? this.#places : this.#nested;
    const key = isPlain ? value : jsonText(value);
    let place = places.get(key);
    if (place === undefined) {
      place = this.values.push(value) - 1;
      places.set(key, place);
    }
    return place;
  }
}
