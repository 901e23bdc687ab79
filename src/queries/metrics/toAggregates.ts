import type { AggregationCells } from '../../insights/aggregation/AggregationCells.js';
import { fillResults } from '../../insights/aggregation/fillResults.js';
import type { AggregateRequest } from './aggregateOptions.js';
import type { SeriesLayout } from './layOutSeries.js';
import type { AggregatePoint, MetricAggregates } from './MetricAggregates.js';
import type { SampleBudget } from './SampleBudget.js';

export interface AnswerParts {
  readonly request: AggregateRequest;
  /** As it was given. */
  readonly interval: number | string | null;
  readonly layout: SeriesLayout;
  readonly budget: SampleBudget;
}

export interface FilledCells {
  readonly cells: AggregationCells;
  readonly edges: Float64Array;
  readonly leftOut: number;
}

/** The answer to a query. @param filled undefined where there are no samples */
export function toAggregates<Name extends string>({ request, interval, layout, budget }: AnswerParts, filled: FilledCells | undefined): MetricAggregates<Name> {
  return {
    name: request.name,
    // The request's names are those that were given.
    aggregations: request.aggregations.map(({ name }) => name as Name),
    interval,
    timezone: request.timezone,
    series: filled === undefined ? [] : seriesOf(request, layout, filled),
    source: { samples: budget.samplesRead, rollupRows: budget.rowsRead, hoursLeftOut: filled?.leftOut ?? 0 },
  };
}

function seriesOf<Name extends string>(request: AggregateRequest, layout: SeriesLayout, filled: FilledCells): MetricAggregates<Name>['series'] {
  const { cells, edges } = filled;
  const columns = layout.wanted.map((wanted) => ({ name: wanted.name, kind: wanted.of, results: cells.results(wanted) }));
  const counts = layout.groups.map((_, group) => cells.counts(group));
  const buckets = edges.length - 1;
  const [from, to] = shownBuckets(request, counts, buckets);
  const starts = edges.slice(0, buckets);
  if (request.interval === undefined) starts[0] = cells.span.from;

  const groups = layout.groups.flatMap((tags, group) => {
    const count = counts[group]!;
    if (!count.some((samples) => samples > 0)) return [];
    const filledColumns = columns.map(({ name, kind, results }) => {
      const own = results.slice(group * buckets, (group + 1) * buckets);
      // An empty bucket has no samples and no tags, whatever is put in place of its other numbers.
      const isCount = kind.kind === 'distinct' || (kind.kind === 'builtIn' && kind.name === 'count');
      return { name, results: request.fill === 'none' ? own : fillResults(own, count, starts, isCount ? 'zero' : request.fill) };
    });
    const points: AggregatePoint[] = [];
    for (let bucket = from; bucket < to; bucket += 1) {
      if (request.fill === 'none' && count[bucket] === 0) continue;
      const point: Record<string, number | null> & { time: number } = { time: starts[bucket]! };
      for (const { name, results } of filledColumns) point[name] = results[bucket]!;
      points.push(point);
    }
    // A point has exactly the names that were asked for.
    return [{ tags, points: points as AggregatePoint<Name>[] }];
  });
  return groups.sort((one, other) => compareTags(one.tags, other.tags, request.groupBy));
}

/** Without a time to begin with, the first bucket shown is the first one with samples; so at the end. */
function shownBuckets({ startTime, endTime }: AggregateRequest, counts: readonly Float64Array[], buckets: number): readonly [from: number, to: number] {
  const hasSamples = (bucket: number): boolean => counts.some((count) => count[bucket]! > 0);
  let from = 0;
  let to = buckets;
  while (startTime === -Infinity && from < to && !hasSamples(from)) from += 1;
  while (endTime === Infinity && to > from && !hasSamples(to - 1)) to -= 1;
  return [from, to];
}

/** By the value of each key in turn; a group without the tag comes before those with it. */
function compareTags(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>, keys: readonly string[]): number {
  for (const key of keys) {
    const [a, b] = [Object.hasOwn(one, key) ? one[key] : undefined, Object.hasOwn(other, key) ? other[key] : undefined];
    if (a === b) continue;
    return a === undefined || (b !== undefined && a < b) ? -1 : 1;
  }
  return 0;
}
