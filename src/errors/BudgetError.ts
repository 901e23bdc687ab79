import { AnalyticsError } from './AnalyticsError.js';

/** A query would have to look at more than its budget allows. `queryEvents` gives what it found by then, and goes on. */
export class BudgetError extends AnalyticsError {
  /** What was used up. */
  readonly budget: 'events' | 'samples' | 'time';
  /** Events or samples looked at by then. */
  readonly scanned: number;

  constructor(operation: string, budget: 'events' | 'samples' | 'time', scanned: number, unit: 'events' | 'samples' = 'events') {
    const wayOut = unit === 'events' ? ', or use queryEvents, which goes on where it stopped' : '';
    super(
      'QUERY_BUDGET_EXCEEDED',
      `${operation} stopped after ${scanned} ${unit}: its budget of ${budget} is used up. ` +
        `Narrow the range, raise the budget (for time also deadlineMs)${wayOut}.`,
    );
    this.budget = budget;
    this.scanned = scanned;
  }
}
