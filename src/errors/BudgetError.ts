import { AnalyticsError } from './AnalyticsError.js';

/** A query would have to look at more than its budget allows. `queryEvents` gives what it found by then, and goes on. */
export class BudgetError extends AnalyticsError {
  /** What was used up. */
  readonly budget: 'events' | 'time';
  /** Events looked at by then. */
  readonly scanned: number;

  constructor(operation: string, budget: 'events' | 'time', scanned: number) {
    super(
      'QUERY_BUDGET_EXCEEDED',
      `${operation} stopped after ${scanned} events: its budget of ${budget} is used up. ` +
        'Narrow the range, raise the budget (for time also deadlineMs), or use queryEvents, which goes on where it stopped.',
    );
    this.budget = budget;
    this.scanned = scanned;
  }
}
