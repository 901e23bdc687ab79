import { AnalyticsError } from './AnalyticsError.js';

/** A function of an aggregation that an application defined failed. `cause` is what it threw. */
export class AggregationError extends AnalyticsError {
  /** @param step which of its functions, such as `add` */
  constructor(aggregation: string, step: string, problem: string, options?: ErrorOptions) {
    super('AGGREGATION_FAILED', `The function "${step}" of the aggregation ${aggregation} ${problem}. Correct what defineAggregation was given.`, options);
  }
}
