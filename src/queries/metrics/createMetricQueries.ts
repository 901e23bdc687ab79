import type { Metric } from '../../contract/metric.js';
import { aggregateMetrics, type AggregateContext } from './aggregateMetrics.js';
import type { AggregateMetricsOptions } from './aggregateOptions.js';
import { getMetrics, type GetMetricsOptions } from './getMetrics.js';
import { listMetrics, type ListMetricsOptions, type MetricInfo } from './listMetrics.js';
import { listTags, listTagValues, type ListTagsOptions, type ListTagValuesOptions } from './listTags.js';
import type { MetricAggregates } from './MetricAggregates.js';

/** Every question about metrics that a service answers. */
export interface MetricQueries {
  getMetrics(options: GetMetricsOptions): Promise<Metric[]>;
  listMetrics(options: ListMetricsOptions): Promise<MetricInfo[]>;
  listTags(options: ListTagsOptions): Promise<string[]>;
  listTagValues(options: ListTagValuesOptions): Promise<string[]>;
  aggregateMetrics<const Name extends string>(options: AggregateMetricsOptions<Name>): Promise<MetricAggregates<Name>>;
}

export function createMetricQueries(context: AggregateContext): MetricQueries {
  return {
    getMetrics: (options) => getMetrics(options, context),
    listMetrics: (options) => listMetrics(options, context),
    listTags: (options) => listTags(options, context),
    listTagValues: (options) => listTagValues(options, context),
    aggregateMetrics: (options) => aggregateMetrics(options, context),
  };
}
