import { z } from 'zod';

import { AnalyticsError } from '../errors/AnalyticsError.js';
import { fromDeltas, fromDictionary, toDeltas, toDictionary } from './dictionary.js';
import type { MetricRows } from './MetricRows.js';

// One check for the whole array: zod's own, one for each number, takes about a microsecond for each.
const integers = z.custom<number[]>((value) => Array.isArray(value) && value.every(Number.isSafeInteger));
const texts = z.tuple([z.array(z.string()), integers]);
const times = integers;

const batchSchema = z.object({ v: z.literal(1), names: texts, tags: texts, times, values: z.string() });

export function encodeMetricRows(rows: MetricRows): string {
  return JSON.stringify({
    v: 1,
    names: toDictionary(rows.names),
    tags: toDictionary(rows.tags),
    times: toDeltas(rows.timestamps),
    values: packDoubles(rows.values),
  });
}

/** @throws AnalyticsError `STORE_INCONSISTENT`, with no word of the content */
export function decodeMetricRows(text: string): MetricRows {
  const { names, tags, ...rest } = parse(batchSchema, text);
  const samples = samplesOf(rest.times, rest.values);
  return { names: column(names, samples.values.length), tags: column(tags, samples.values.length), ...samples };
}

/** Doubles as base64 of their bytes, little-endian: exact to the last bit, -0 included, which JSON would lose. */
function packDoubles(values: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(values.length * 8);
  for (const [place, value] of values.entries()) bytes.writeDoubleLE(value, place * 8);
  return bytes.toString('base64');
}

function samplesOf(deltas: readonly number[], packed: string): { timestamps: number[]; values: number[] } {
  const bytes = Buffer.from(packed, 'base64');
  if (bytes.length !== deltas.length * 8) throw malformed('its columns differ in length');
  const timestamps = fromDeltas(deltas);
  if (!timestamps.every(Number.isSafeInteger)) throw malformed('a time is out of range');
  return { timestamps, values: deltas.map((_, place) => bytes.readDoubleLE(place * 8)) };
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('it is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw malformed(`it is wrong at ${parsed.error.issues[0]?.path.join('.') ?? 'the top'}`);
  return parsed.data;
}

function column(packed: readonly [readonly string[], readonly number[]], count: number): string[] {
  if (packed[1].length !== count) throw malformed('its columns differ in length');
  try {
    return fromDictionary(packed);
  } catch {
    throw malformed('an index points outside its dictionary');
  }
}

function malformed(why: string): AnalyticsError {
  return new AnalyticsError('STORE_INCONSISTENT', `Metric rows cannot be read: ${why}.`);
}
