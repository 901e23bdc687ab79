import type { Metric } from '../../contract/metric.js';
import { getMetrics, type GetMetricsContext, type GetMetricsOptions } from '../getMetrics.js';

/** Every question about metrics that a service answers. */
export interface MetricQueries {
  getMetrics(options: GetMetricsOptions): Promise<Metric[]>;
}

export function createMetricQueries(context: GetMetricsContext): MetricQueries {
  return {
    getMetrics: (options) => getMetrics(options, context),
  };
}
