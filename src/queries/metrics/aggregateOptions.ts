import { z } from 'zod';

import { textSchema } from '../../contract/json.js';
import { limits } from '../../contract/limits.js';
import { parseAggregation, type Aggregation } from '../../insights/aggregation/aggregation.js';
import type { CustomAggregation } from '../../insights/aggregation/AggregationCells.js';
import type { Aggregations } from '../../insights/aggregation/aggregations.js';
import { fills, type Fill } from '../../insights/aggregation/fillResults.js';
import { INTERVALS_ALLOWED, isTimeZone, parseInterval, type Interval } from '../../insights/aggregation/interval.js';
import { parseOptions } from '../parseOptions.js';
import { TAG_FILTER_ALLOWED, tagFilterSchema } from './tagFilter.js';

const MOST_AGGREGATIONS = 32;
/** Beyond what a calendar can tell, less the longest bucket. */
const LATEST_TIME = 8.6e15;

export interface AggregateBudget {
  /** Samples and rows of rollups to look at. Default: 20,000,000. */
  readonly samples?: number | undefined;
  /** Milliseconds to take. Default: 80 % of the deadline of calls. */
  readonly ms?: number | undefined;
}

/** What `aggregateMetrics` takes. */
export interface AggregateMetricsOptions<Name extends string = string> {
  readonly name: string;
  /** ms since 1970, included. Default: from the oldest that is kept. */
  readonly startTime?: number | undefined;
  /** ms since 1970, included. Default: to the newest. */
  readonly endTime?: number | undefined;
  /**
   * Length of a bucket: ms, or `10s`, `1m`, `5m`, `1h` and the like, from 1970 in UTC; or `1d`, `1w` (from Monday), `1M` of
   * `timezone`. Default: one bucket for the whole range.
   */
  readonly interval?: number | string | undefined;
  /** What to compute, 1 to 32 names: see docs/aggregation.md. */
  readonly aggregations: readonly Name[];
  /** Only samples of series that pass this filter. Default: all. */
  readonly tags?: z.input<typeof tagFilterSchema> | undefined;
  /** Keys of tags: a group for each combination of their values. Default: one group of all. */
  readonly groupBy?: readonly string[] | undefined;
  /** What stands for buckets without samples. Default: `none`, they are left out. */
  readonly fill?: Fill | undefined;
  /** IANA name of the zone whose days, weeks and months are meant. Default: `UTC`. */
  readonly timezone?: string | undefined;
  /** What the query may take before it is given up. */
  readonly budget?: AggregateBudget | undefined;
}

/** An aggregation that was asked for, as it was named. */
export interface NamedAggregation {
  readonly name: string;
  readonly of: Aggregation | CustomAggregation;
}

/** A query, checked. */
export interface AggregateRequest {
  readonly name: string;
  /** Whole ms, both included; infinite where none was given. */
  readonly startTime: number;
  readonly endTime: number;
  readonly interval: Interval | undefined;
  readonly aggregations: readonly NamedAggregation[];
  readonly tags: z.output<typeof tagFilterSchema> | undefined;
  readonly groupBy: readonly string[];
  readonly fill: Fill;
  readonly timezone: string;
  readonly budget: AggregateBudget;
}

/** @throws ValidationError with every bad option */
export function parseAggregateOptions(options: unknown, custom: Aggregations): AggregateRequest {
  const parsed = parseOptions('query of metrics', aggregateOptionsSchema(custom), options, ALLOWED);
  return {
    ...parsed,
    tags: parsed.tags,
    startTime: Math.ceil(parsed.startTime ?? -Infinity),
    endTime: Math.floor(parsed.endTime ?? Infinity),
    interval: parsed.interval === undefined ? undefined : parseInterval(parsed.interval),
    aggregations: parsed.aggregations.map((name) => resolve(name, custom)!), // the schema refuses what does not resolve
  };
}

function resolve(name: string, custom: Aggregations): NamedAggregation | undefined {
  const own = parseAggregation(name);
  if (own !== undefined) return { name, of: own };
  const definition = custom.get(name);
  return definition === undefined ? undefined : { name, of: { kind: 'custom', definition } };
}

/** The options, given what `defineAggregation` added. */
export function aggregateOptionsSchema(custom: Aggregations) {
  return z.strictObject({
    name: textSchema(limits.metricNameLength),
    startTime: z.number().min(-LATEST_TIME).max(LATEST_TIME).optional(),
    endTime: z.number().min(-LATEST_TIME).max(LATEST_TIME).optional(),
    interval: z.union([z.number(), z.string()]).refine((given) => parseInterval(given) !== undefined).optional(),
    aggregations: z
      .array(z.string().refine((name) => resolve(name, custom) !== undefined))
      .min(1)
      .max(MOST_AGGREGATIONS)
      .refine((names) => new Set(names).size === names.length),
    tags: tagFilterSchema.optional(),
    groupBy: z
      .array(textSchema(limits.tagKeyLength))
      .max(limits.tags)
      .refine((keys) => new Set(keys).size === keys.length && !keys.includes('__proto__'))
      .default([]),
    fill: z.enum(fills).default('none'),
    timezone: z.string().refine(isTimeZone).default('UTC'),
    budget: z.strictObject({ samples: z.int().min(1).optional(), ms: z.number().positive().optional() }).default({}),
  });
}

const TIME = 'milliseconds since 1970 (a finite number that a calendar can tell)';

const ALLOWED = {
  name: `a string of 1 to ${limits.metricNameLength} characters, well-formed Unicode`,
  startTime: TIME,
  endTime: TIME,
  interval: INTERVALS_ALLOWED,
  aggregations:
    `1 to ${MOST_AGGREGATIONS} different names: count, sum, avg, min, max, range, first, firstTime, last, lastTime, variance, stddev, rate, increase, delta, ` +
    'p0 to p100 (such as p95 or p99.9), distinct:<tag>, or one of defineAggregation',
  tags: TAG_FILTER_ALLOWED,
  groupBy: `at most ${limits.tags} different keys of tags`,
  fill: fills.join(', '),
  timezone: 'a name of the IANA time zone database, such as Europe/Berlin',
  budget: 'an object of samples (a whole number from 1) and ms (a number above 0)',
};
