import type { Metric } from '../../contract/metric.js';
import { aggregateMetrics, type AggregateContext } from './aggregateMetrics.js';
import type { AggregateMetricsOptions } from './aggregateOptions.js';
import { getMetrics, type GetMetricsOptions } from './getMetrics.js';
import type { MetricAggregates } from './MetricAggregates.js';

/** Every question about metrics that a service answers. */
export interface MetricQueries {
  getMetrics(options: GetMetricsOptions): Promise<Metric[]>;
  aggregateMetrics<const Name extends string>(options: AggregateMetricsOptions<Name>): Promise<MetricAggregates<Name>>;
}

export function createMetricQueries(context: AggregateContext): MetricQueries {
  return {
    getMetrics: (options) => getMetrics(options, context),
    aggregateMetrics: (options) => aggregateMetrics(options, context),
  };
}
