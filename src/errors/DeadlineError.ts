import { AnalyticsError } from './AnalyticsError.js';

/**
 * A call did not settle in time. For a write the outcome is unknown: its sealed batch is added again in the background
 * until Redis answers or the service is closed. Calling again with the same `id` stores nothing twice.
 */
export class DeadlineError extends AnalyticsError {
  readonly outcome = 'unknown';
  /** The id of the event in doubt; absent for reads and for metric samples, which have no id. */
  readonly id: string | undefined;

  constructor(operation: string, deadlineMs: number, id?: string) {
    super(
      'DEADLINE_EXCEEDED',
      `${operation} was not answered by Redis within ${deadlineMs} ms; its outcome is unknown. ` +
        (id === undefined ? 'Try again later.' : 'Call again with the same id: an event is stored once per id.'),
    );
    this.id = id;
  }
}
