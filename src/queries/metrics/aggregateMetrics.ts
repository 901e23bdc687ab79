import { HOUR_MS } from '../../codec/hours.js';
import { ValidationError } from '../../errors/ValidationError.js';
import { AggregationCells, canUseRows, needsOrder, needsSketches } from '../../insights/aggregation/AggregationCells.js';
import { definedAggregations, type Aggregations } from '../../insights/aggregation/aggregations.js';
import { bucketEdges } from '../../insights/aggregation/interval.js';
import { parseAggregateOptions, type AggregateMetricsOptions, type AggregateRequest } from './aggregateOptions.js';
import { Cuts } from './Cuts.js';
import { fillCells } from './fillCells.js';
import { layOutSeries } from './layOutSeries.js';
import type { MetricAggregates } from './MetricAggregates.js';
import type { MetricQueryContext } from './MetricQueryContext.js';
import { findHours } from './findHours.js';
import { keepToTags } from './MetricView.js';
import { planSteps, type HourState, type RollupSource } from './planSteps.js';
import { SampleBudget } from './SampleBudget.js';
import { selectSeries } from './selectSeries.js';
import { toAggregates } from './toAggregates.js';

export interface AggregateContext extends MetricQueryContext {
  /** Default: none, everything is computed from samples. */
  readonly rollups?: RollupSource | undefined;
  /** Default: those of `defineAggregation`. */
  readonly aggregations?: Aggregations | undefined;
  /** ms that a query may take, unless it says otherwise. Default: no limit. */
  readonly budgetMs?: number | undefined;
}

/** Buckets of all groups together. 100,000 of them with a percentile take about 50 MB. */
const MOST_CELLS = 100_000;

/**
 * Statistics of a metric's samples by group and bucket: from rollups where they tell of exactly the samples that there are,
 * from samples elsewhere.
 *
 * @throws ValidationError with every bad option, and for more than 100,000 buckets; BudgetError; AggregationError when a
 * function of `defineAggregation` fails; KeyError when a chunk does not open; whatever Redis answers otherwise
 */
export async function aggregateMetrics<const Name extends string>(options: AggregateMetricsOptions<Name>, context: AggregateContext): Promise<MetricAggregates<Name>> {
  const request = parseAggregateOptions(options, context.aggregations ?? definedAggregations);
  keepToTags(context.view, tagsOf(request));
  const budget = new SampleBudget(request.budget, context.budgetMs ?? Infinity);
  const { keyName, series } = await selectSeries(request.name, request.tags, context);
  const known = await context.catalogue.all(keyName);
  const layout = layOutSeries([...known.values()].filter(({ id }) => series === undefined || series.has(id)), request, context.guard);
  const answer = { request, interval: options.interval ?? null, layout, budget };

  const rollups = canUseRows(layout.wanted) ? context.rollups : undefined;
  const lower = Math.max(request.startTime, context.oldestKept());
  const upper = request.endTime;
  const hours = layout.groups.length === 0 ? [] : await findHours(context.reader, rollups, { keyName, startTime: request.startTime, lower, upper, series }, budget);
  if (hours.length === 0) return toAggregates<Name>(answer, undefined);

  const edges = edgesOf(request, hours, layout.groups.length);
  const from = request.startTime === -Infinity ? -Infinity : edges[0]!;
  const cells = new AggregationCells({ ...layout, groups: layout.groups.length, edges, from: Math.max(from, request.startTime), to: upper + 1 });
  const needs = { needsOrder: needsOrder(layout.wanted), needsSketches: needsSketches(layout.wanted) };
  const plan = await planSteps(hours, rollups, { keyName, cuts: new Cuts(edges, [request.startTime, lower, upper + 1]), range: { lower, startTime: request.startTime, end: upper + 1 }, ...needs });
  await fillCells(cells, plan.steps, { reader: context.reader, keyName, lower, upper, numberOf: layout.numberOf, series, budget });
  return toAggregates<Name>(answer, { cells, edges, leftOut: plan.leftOut });
}

/** Every tag that a query filters, groups or counts by. */
function tagsOf({ tags, groupBy, aggregations }: AggregateRequest): string[] {
  const counted = aggregations.flatMap(({ of }) => (of.kind === 'distinct' ? [of.tagKey] : []));
  return [...Object.keys(tags ?? {}), ...groupBy, ...counted];
}

/** The edges of the buckets, from the range that was given, or from the hours that have samples. */
function edgesOf({ startTime, endTime, interval, fill, timezone }: AggregateRequest, hours: readonly HourState[], groups: number): Float64Array {
  const first = hours[0]!.hour * HOUR_MS; // there are some
  const last = (hours.at(-1)!.hour + 1) * HOUR_MS - 1;
  if (interval === undefined) return Float64Array.of(startTime === -Infinity ? first : startTime, (endTime === Infinity ? last : endTime) + 1);
  // Empty buckets are shown up to the ends that were asked for.
  const isFilled = fill !== 'none';
  const from = isFilled && startTime !== -Infinity ? startTime : Math.max(startTime, first);
  const to = isFilled && endTime !== Infinity ? endTime : Math.min(endTime, last);
  const edges = bucketEdges(interval, from, Math.max(from, to), timezone, Math.floor(MOST_CELLS / groups));
  if (edges !== undefined) return edges;
  throw new ValidationError('query of metrics', [
    { path: 'interval', given: `one that makes more than ${MOST_CELLS} buckets of ${groups} groups`, allowed: 'a longer one, for a shorter range, or for fewer groups' },
  ]);
}
