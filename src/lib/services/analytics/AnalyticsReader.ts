import type { Event } from '../../../contract/event.js';
import type { EventTypeName } from '../../../contract/eventTypes.js';
import type { Metric } from '../../../contract/metric.js';
import type { GetEventsOptions } from '../../../queries/getEvents.js';
import type { GetMetricsOptions } from '../../../queries/metrics/getMetrics.js';
import type { ServiceReader } from './ServiceReader.js';

/** The reading half of the service. Every call settles within `deadlineMs`; a stream does for each page. See docs/api.md. */
export abstract class AnalyticsReader {
  /** Runs `work` on an open reader, within the deadline. */
  protected abstract read<T>(operation: string, work: (reader: ServiceReader) => Promise<T>): Promise<T>;

  /**
   * Events of one type, newest first unless `order` is `asc`: 100 unless `limit` says otherwise, at most 10,000.
   * Both ends of the range are included; without them it is everything kept.
   * @throws ValidationError, DeadlineError, KeyError
   */
  async getEvents<const Type extends EventTypeName>(options: GetEventsOptions & { readonly type: Type }): Promise<Event<Type>[]> {
    const events = await this.read('getEvents', ({ events }) => events.getEvents(options));
    // The schema of a defined type was applied when the event was tracked.
    return events as Event<Type>[];
  }

  /**
   * Samples of one metric that have all of the given tags, oldest first.
   * @throws ValidationError, DeadlineError, KeyError
   */
  async getMetrics(options: GetMetricsOptions): Promise<Metric[]> {
    return this.read('getMetrics', ({ metrics }) => metrics.getMetrics(options));
  }
}
