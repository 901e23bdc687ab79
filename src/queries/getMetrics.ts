import { z } from 'zod';

import type { SampleRows } from '../codec/MetricRows.js';
import { textSchema } from '../contract/json.js';
import { limits } from '../contract/limits.js';
import type { Metric } from '../contract/metric.js';
import { canonicalTags } from '../producer/normalizeMetric.js';
import { IssueList } from '../producer/validateIssues.js';
import type { Guard } from '../security/guard/Guard.js';
import type { ReadingKeys } from '../security/KeyRing.js';
import type { MetricReader } from '../storage/createMetricReader.js';
import { metricKeyName } from '../storage/metricKeyName.js';
import type { SeriesTagReader } from '../storage/SeriesTagReader.js';
import { hasTags } from '../storage/seriesTags.js';
import { parseOptions } from './parseOptions.js';
import { selectRows } from './selectRows.js';

export const getMetricsOptionsSchema = z.strictObject({
  name: textSchema(limits.metricNameLength),
  /** ms since 1970, included. Default: from the oldest that is kept. */
  startTime: z.number().optional(),
  /** ms since 1970, included. Default: to the newest. */
  endTime: z.number().optional(),
  /** Only samples that have all of these tags, and maybe others. Default: all. */
  tags: z.record(z.string(), z.string().optional()).optional(),
  /** Samples to return, from the oldest. Default: all. */
  limit: z.int().min(1).optional(),
});

const ALLOWED = {
  name: `a string of 1 to ${limits.metricNameLength} characters, well-formed Unicode`,
  startTime: 'milliseconds since 1970 (a finite number)',
  endTime: 'milliseconds since 1970 (a finite number)',
  tags: 'a plain object of strings',
  limit: 'a whole number from 1',
};

/** What `getMetrics` takes. */
export type GetMetricsOptions = z.input<typeof getMetricsOptionsSchema>;

export interface GetMetricsContext {
  readonly reader: MetricReader;
  readonly tagReader: SeriesTagReader;
  readonly secrets: Pick<ReadingKeys, 'fingerprints'>;
  /** The guard that samples pass before they are sent: a filter finds a tag in the form in which it was stored. */
  readonly guard: Guard;
  /** ms since the epoch. Samples before this are hidden, whether or not they were removed already. */
  readonly oldestKept: () => number;
}

/**
 * Samples of one metric, oldest first.
 *
 * @throws ValidationError with every bad option; KeyError when a chunk does not open; whatever Redis answers otherwise
 */
export async function getMetrics(options: GetMetricsOptions, context: GetMetricsContext): Promise<Metric[]> {
  const { reader, tagReader } = context;
  const { name, startTime, endTime, tags, limit } = parseOptions('query of metrics', getMetricsOptionsSchema, options, ALLOWED);
  const wanted = wantedTags(name, tags ?? {}, context);
  const lower = Math.max(startTime ?? -Infinity, context.oldestKept());
  const upper = endTime ?? Infinity;
  if (wanted === undefined || lower > upper) return [];

  const keyName = metricKeyName(name, context.secrets.fingerprints);
  const sealedTags = new Map<string, Buffer | null>();
  const isWanted = remember((series: string) => {
    const sealed = sealedTags.get(series);
    return sealed !== null && sealed !== undefined && hasTags(sealed, wanted);
  });
  const prepare = async (chunks: readonly SampleRows[]): Promise<void> =>
    tagReader.load(keyName, chunks.flatMap((rows) => rows.series), sealedTags);
  const matches = ({ series }: SampleRows, row: number): boolean => isWanted(series[row]!);

  const candidates = await selectRows(reader, { series: keyName, lower, upper, order: 'asc', matches, prepare }, limit ?? Infinity);
  // Samples of one series share one frozen object of tags.
  const tagsOf = remember((series: string) => Object.freeze(tagReader.open(keyName, series, sealedTags.get(series)!))); // it matched
  return candidates.map(({ time, rows, row }) => ({ name, value: rows.values[row]!, tags: tagsOf(rows.series[row]!), timestamp: time }));
}

/** Hashes of the tags that a sample has to have; undefined where one is such that no sample can have it. */
function wantedTags(
  name: string,
  tags: Readonly<Record<string, string | undefined>>,
  { guard, secrets }: GetMetricsContext,
): Buffer[] | undefined {
  const issues = new IssueList();
  const stored = canonicalTags(tags, guard, issues);
  issues.throwIfAny('query of metrics');
  const given = Object.values(tags).filter((value) => value !== undefined);
  // The guard drops some tags when samples are sent, so none is stored with them.
  if (stored.length < given.length) return undefined;
  return stored.map(([key, value]) => secrets.fingerprints.tag(name, key, value));
}

function remember<Value>(make: (key: string) => Value): (key: string) => Value {
  const known = new Map<string, Value>();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key)!; // just set
  };
}
