import type { Metric } from '../../contract/metric.js';
import { getMetrics, type GetMetricsOptions } from './getMetrics.js';
import type { MetricQueryContext } from './MetricQueryContext.js';

/** Every question about metrics that a service answers. */
export interface MetricQueries {
  getMetrics(options: GetMetricsOptions): Promise<Metric[]>;
}

export function createMetricQueries(context: MetricQueryContext): MetricQueries {
  return {
    getMetrics: (options) => getMetrics(options, context),
  };
}
