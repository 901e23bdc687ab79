import fc from 'fast-check';

import type { Metric } from '../../../src/contract/metric.js';
import { bucketEdges, parseInterval } from '../../../src/insights/aggregation/interval.js';
import type { AggregateMetricsOptions } from '../../../src/queries/metrics/aggregateOptions.js';
import type { MetricAggregates } from '../../../src/queries/metrics/MetricAggregates.js';
import { agree, EXACT, naiveAggregate, PERCENTILES, SPREADS, type NaiveSeries } from '../../insights/aggregation/naiveAggregates.js';

export const HOUR = 3_600_000;
/** A midnight in UTC. */
export const START = 480_000 * HOUR;
export const NAME = 'load';
export const ALL_AGGREGATIONS: readonly string[] = [...EXACT, 'distinct:b', ...PERCENTILES, ...SPREADS];

/** Within three days, often where buckets, hours and days begin. */
export const timeArbitrary = fc
  .tuple(fc.integer({ min: 0, max: 71 }), fc.oneof(fc.constantFrom(0, 1, 60_000, 90_000, HOUR - 1), fc.integer({ min: 0, max: HOUR - 1 })))
  .map(([hour, ms]) => START + hour * HOUR + ms);

const value = fc.oneof(
  fc.integer({ min: -500, max: 5000 }).map((number) => number / 100),
  fc.integer({ min: 0, max: 40 }),
  fc.constantFrom(0, -0, 0.1, 1e6),
);
const tags = fc.record({ a: fc.constantFrom('x', 'y'), b: fc.constantFrom('1', '2', '3') }, { requiredKeys: [] });

export const samplesArbitrary = (most: number): fc.Arbitrary<Metric[]> =>
  fc.array(fc.record({ name: fc.constant(NAME), value, tags, timestamp: timeArbitrary }), { minLength: 1, maxLength: most });

export const queryArbitrary = fc
  .record(
    {
      interval: fc.constantFrom('90s', '1m', '5m', '1h', '6h', '1d', '1w', '1M', 7 * 60_000),
      startTime: timeArbitrary,
      endTime: timeArbitrary,
      tags: fc.constantFrom<NonNullable<AggregateMetricsOptions['tags']>>({ a: 'x' }, { a: { exists: false } }, { b: { in: ['1', '3'] } }),
      groupBy: fc.constantFrom(['a'], ['b'], ['b', 'a'], ['nothing']),
      timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/New_York'),
      fill: fc.constantFrom('none' as const, 'null' as const, 'zero' as const),
      aggregations: fc.subarray([...ALL_AGGREGATIONS], { minLength: 1 }),
    },
    { requiredKeys: ['aggregations'] },
  )
  // Three days by 90 s in twelve groups are within the limit.
  .map((query): AggregateMetricsOptions => ({ name: NAME, ...query }));

type Tags = Readonly<Record<string, string>>;

/** What differs between an answer and the definitions, for samples of one metric. */
export function mismatches(answer: MetricAggregates, samples: readonly Metric[], options: AggregateMetricsOptions): unknown[] {
  const { startTime = -Infinity, endTime = Infinity, interval, groupBy = [], timezone = 'UTC', fill = 'none', aggregations } = options;
  const inRange = samples.filter(({ timestamp, tags: own }) => timestamp >= startTime && timestamp <= endTime && passes(own, options.tags as Readonly<Record<string, unknown>>));
  const groups = new Map<string, { readonly tags: Tags; readonly samples: Metric[] }>();
  for (const sample of inRange) {
    const own = Object.fromEntries(groupBy.flatMap((key) => (Object.hasOwn(sample.tags, key) ? [[key, sample.tags[key]!]] : [])));
    const key = JSON.stringify(groupBy.map((one) => own[one] ?? null));
    if (!groups.has(key)) groups.set(key, { tags: own, samples: [] });
    groups.get(key)!.samples.push(sample);
  }
  const found = new Map(answer.series.map((series) => [JSON.stringify(groupBy.map((one) => series.tags[one] ?? null)), series]));
  if (found.size !== groups.size || answer.series.length !== groups.size) return [{ groups: [...groups.keys()], found: [...found.keys()] }];
  const times = inRange.map(({ timestamp }) => timestamp);
  const [first, last] = [times.reduce((least, time) => Math.min(least, time), Infinity), times.reduce((most, time) => Math.max(most, time), -Infinity)];
  const [lower, upper] = [startTime === -Infinity ? first : startTime, endTime === Infinity ? last : endTime];
  return [...groups].flatMap(([key, { samples: own }]): unknown[] => {
    const { points } = found.get(key)!;
    const series = seriesOf(own);
    const isWhole = interval === undefined;
    const edges = isWhole ? Float64Array.of(lower, upper + 1) : bucketEdges(parseInterval(interval)!, lower, upper, timezone, 1e7)!;
    const ranges = Array.from(edges.subarray(0, -1), (from, bucket) => ({ from, to: edges[bucket + 1]!, lower, upper }));
    const full = new Set(ranges.filter(({ from, to }) => own.some(({ timestamp }) => timestamp >= from && timestamp < to)));
    const expected = ranges.filter((range) => fill !== 'none' || full.has(range));
    if (JSON.stringify(points.map(({ time }) => time)) !== JSON.stringify(expected.map(({ from }) => from))) {
      return [{ key, times: points.map(({ time }) => time), expected: expected.map(({ from }) => from) }];
    }
    return expected.flatMap((range, place) =>
      aggregations.flatMap((name) => {
        const isCount = name === 'count' || name.startsWith('distinct:');
        const model = (full.has(range) ? naiveAggregate(name, series, range) : null) ?? (isCount || fill === 'zero' ? 0 : null);
        const value = points[place]![name]!;
        return agree(name, value, model) ? [] : [{ key, name, range, found: value, model }];
      }),
    );
  });
}

function seriesOf(samples: readonly Metric[]): NaiveSeries[] {
  const series = new Map<string, { readonly tags: Tags; readonly samples: { time: number; value: number }[] }>();
  for (const { tags: own, timestamp, value: number } of samples) {
    const key = JSON.stringify(Object.entries(own).sort(([one], [other]) => (one < other ? -1 : 1)));
    if (!series.has(key)) series.set(key, { tags: own, samples: [] });
    series.get(key)!.samples.push({ time: timestamp, value: number });
  }
  return [...series.values()];
}

function passes(own: Tags, filter: Readonly<Record<string, unknown>> | undefined): boolean {
  return Object.entries(filter ?? {}).every(([key, wanted]) => {
    if (typeof wanted === 'string') return own[key] === wanted;
    const { exists, in: among } = wanted as { exists?: boolean; in?: string[] };
    return exists === undefined ? among!.includes(own[key] ?? '') : (own[key] !== undefined) === exists;
  });
}
