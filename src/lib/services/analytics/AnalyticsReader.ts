import type { Event } from '../../../contract/event.js';
import type { EventTypeName } from '../../../contract/eventTypes.js';
import type { Metric } from '../../../contract/metric.js';
import { DeidentifiedExport } from '../../../export/DeidentifiedExport.js';
import { planExport, type DeidentifiedExportOptions } from '../../../export/exportPlan.js';
import type { AggregationName } from '../../../insights/aggregation/aggregation.js';
import type { CountEventsByOptions, EventCount } from '../../../queries/counts/countEventsBy.js';
import type { CountUsersOptions, UserCount } from '../../../queries/counts/countUsers.js';
import type { CountEventsOptions } from '../../../queries/events/countEvents.js';
import type { EventStream, StreamEventsOptions } from '../../../queries/events/EventStream.js';
import type { GetEventOptions } from '../../../queries/events/getEvent.js';
import type { GetEventsOptions } from '../../../queries/events/getEvents.js';
import type { PartialEvent, Selected, SelectedField } from '../../../queries/events/Projection.js';
import type { EventPage, QueryEventsOptions } from '../../../queries/events/queryEvents.js';
import type { AggregateMetricsOptions } from '../../../queries/metrics/aggregateOptions.js';
import type { MetricAggregates } from '../../../queries/metrics/MetricAggregates.js';
import type { GetMetricsOptions } from '../../../queries/metrics/getMetrics.js';
import type { ListMetricsOptions, MetricInfo } from '../../../queries/metrics/listMetrics.js';
import type { ListTagsOptions, ListTagValuesOptions } from '../../../queries/metrics/listTags.js';
import { countCall, eventCall, exportCall, metricCall, type ReadCall } from './ReadCall.js';
import type { ServiceReader } from './ServiceReader.js';

/** What a query asks for: events of one type, or some members of them. */
interface Asked<Type extends EventTypeName, Fields extends SelectedFields> {
  readonly type: Type;
  readonly select?: Fields | undefined;
}

type SelectedFields = readonly SelectedField[] | undefined;

/** What a query finds: whole events for the application, and for an actor the members that it may see. */
type Found<Sees extends 'all' | 'some', Type extends EventTypeName, Fields extends SelectedFields> = Sees extends 'all' ? Selected<Type, Fields> : PartialEvent<Type>;

/**
 * The reading half of the service. Every call settles within `deadlineMs`; a stream does for each page. See docs/api.md.
 * `Sees` is `all` for the application itself, and `some` for an actor of `service.as`.
 */
export abstract class AnalyticsReader<Sees extends 'all' | 'some' = 'all'> {
  /** Runs `work` on an open reader, within the deadline: decided before, recorded behind it. */
  protected abstract read<T>(call: ReadCall<T>, work: (reader: ServiceReader) => Promise<T>): Promise<T>;

  /**
   * Events of one type, newest first unless `order` is `asc`: 100 unless `limit` says otherwise, at most 10,000.
   * Both ends of the range are included; without them it is everything kept.
   * @throws ValidationError, BudgetError, DeadlineError, KeyError
   */
  async getEvents<const Type extends EventTypeName, const Fields extends SelectedFields = undefined>(
    options: GetEventsOptions & Asked<Type, Fields>,
  ): Promise<Found<Sees, Type, Fields>[]> {
    const events = await this.read(eventCall('getEvents', options, lengthOf), ({ events }) => events.getEvents(options));
    // The schema of a defined type was applied when the event was tracked; partial where there is a `select`.
    return events as Found<Sees, Type, Fields>[];
  }

  /**
   * A page of events, as `getEvents` gives them, with a `cursor` to the next one: an event that is there while all pages
   * are read is on exactly one of them, whatever is stored or removed meanwhile. Where the budget (10,000,000 events
   * looked at and 80 % of the deadline, unless `budget` says otherwise) ends before the page is full, `stopped` says so.
   * @throws ValidationError also for a cursor of another query; DeadlineError, KeyError
   */
  async queryEvents<const Type extends EventTypeName, const Fields extends SelectedFields = undefined>(
    options: QueryEventsOptions & Asked<Type, Fields>,
  ): Promise<EventPage<Type, Found<Sees, Type, Fields>>> {
    const page = await this.read(eventCall('queryEvents', options, ({ events }: { readonly events: readonly unknown[] }) => events.length), ({ events }) => events.queryEvents(options));
    return page as EventPage<Type, Found<Sees, Type, Fields>>; // see getEvents
  }

  /**
   * How many events of one type there are, in a range or with a filter.
   * @throws ValidationError, BudgetError, DeadlineError, KeyError
   */
  async countEvents(options: CountEventsOptions): Promise<number> {
    return this.read(countCall('countEvents', options, () => 1), ({ events }) => events.countEvents(options));
  }

  /**
   * The event with this id, of `type` or of any type; undefined where there is none, or none any more.
   * @throws ValidationError, BudgetError, DeadlineError, KeyError
   */
  async getEvent<const Type extends EventTypeName>(id: string, options: GetEventOptions & { readonly type?: Type } = {}): Promise<Found<Sees, Type, undefined> | undefined> {
    const event = await this.read(eventCall('getEvent', options, (event) => (event === undefined ? 0 : 1)), ({ events }) => events.getEvent(id, options));
    return event as Found<Sees, Type, undefined> | undefined; // see getEvents
  }

  /**
   * All events of a range, oldest first unless `order` is `desc`, for `for await`: 2,000 are in memory at a time, and each
   * page of so many has a deadline of its own. Goes on through writes and merges as `queryEvents` does.
   * @throws ValidationError, DeadlineError, KeyError, ServiceClosedError, when the next event is asked for
   */
  async *streamEvents<const Type extends EventTypeName, const Fields extends SelectedFields = undefined>(
    options: StreamEventsOptions & Asked<Type, Fields>,
  ): AsyncGenerator<Found<Sees, Type, Fields>, void, undefined> {
    const call = eventCall<readonly unknown[] | undefined>('streamEvents', options, (events) => events?.length ?? 0);
    let stream: EventStream | undefined;
    for (;;) {
      const events = await this.read(call, (reader) => {
        stream ??= reader.events.openStream(options);
        return stream.next(reader);
      });
      if (events === undefined) return;
      stream?.taken();
      yield* events as Found<Sees, Type, Fields>[]; // see getEvents
    }
  }

  /**
   * Rows that tell of nobody, as text, for analysts: fields by an allow-list, times coarsened, what fewer than 11 people share
   * left out with what would give it away, in random order. Nothing is given before everything was read. See docs/deidentified-export.md.
   * @throws ValidationError, AccessError, BudgetError, DeadlineError, KeyError, when the first text is asked for
   */
  async *exportDeidentified(options: DeidentifiedExportOptions): AsyncGenerator<string, number, undefined> {
    let draft: DeidentifiedExport | undefined;
    let stream: EventStream | undefined;
    // Of whom something may be in it is recorded page by page, before anything leaves.
    const page = exportCall<readonly (Event | PartialEvent)[] | undefined>(options, (events) => events?.length ?? 0);
    for (;;) {
      const events = await this.read(page, async (reader) => {
        if (stream === undefined) {
          const plan = planExport(options, reader.types);
          const { type, startTime, endTime } = plan;
          draft = new DeidentifiedExport(plan);
          stream = reader.events.openStream({ type, ...(startTime !== undefined && { startTime }), ...(endTime !== undefined && { endTime }) });
        }
        return stream.next(reader);
      });
      if (events === undefined || draft === undefined) break;
      stream?.taken();
      // Without a selection a stream gives whole events.
      for (const event of events as Event[]) draft.add(event);
    }
    return yield* draft!.text(); // it was made by the first page
  }

  /**
   * How many events there are in each minute, hour or day of a time zone, of one type or of each, the empty ones between
   * included: exact, also when jobs were repeated. At most 100,000 counts.
   * @throws ValidationError, BudgetError, DeadlineError, KeyError
   */
  async countEventsBy(options: CountEventsByOptions): Promise<EventCount[]> {
    return this.read(countCall('countEventsBy', options, lengthOf), ({ counts }) => counts.countEventsBy(options));
  }

  /**
   * How many different users there were in each UTC day, ISO week or month, of one type or over all: an estimate with a
   * standard error of 0.81 %. A user who is erased stays in the counts of the days on which they were seen.
   * @throws ValidationError, DeadlineError, KeyError
   */
  async countUsers(options: CountUsersOptions): Promise<UserCount[]> {
    return this.read(countCall('countUsers', options, lengthOf), ({ counts }) => counts.countUsers(options));
  }

  /**
   * Samples of one metric, oldest first, of the series that pass the filter `tags`. Those of one time come by series, then
   * by value: in the same order however often they are asked for.
   * @throws ValidationError, DeadlineError, KeyError
   */
  async getMetrics(options: GetMetricsOptions): Promise<Metric[]> {
    return this.read(metricCall('getMetrics', options, lengthOf), ({ metrics }) => metrics.getMetrics(options));
  }

  /**
   * The metrics that samples or rollups are kept of, by name: 100 unless `limit` says otherwise, at most 1,000. `after` the
   * last one goes on from there.
   * @throws ValidationError, DeadlineError, KeyError
   */
  async listMetrics(options: ListMetricsOptions = {}): Promise<MetricInfo[]> {
    return this.read(metricCall('listMetrics', options, lengthOf), ({ metrics }) => metrics.listMetrics(options));
  }

  /**
   * The tags that the series of a metric have, in pages as `listMetrics` gives them.
   * @throws ValidationError, DeadlineError, KeyError
   */
  async listTags(options: ListTagsOptions): Promise<string[]> {
    return this.read(metricCall('listTags', options, lengthOf), ({ metrics }) => metrics.listTags(options));
  }

  /**
   * The values that a tag has among the series of a metric, or among those that pass a filter, in pages as `listMetrics`
   * gives them.
   * @throws ValidationError, DeadlineError, KeyError
   */
  async listTagValues(options: ListTagValuesOptions): Promise<string[]> {
    return this.read(metricCall('listTagValues', options, lengthOf), ({ metrics }) => metrics.listTagValues(options));
  }

  /**
   * Statistics of a metric by bucket of time and group of tags: count, sum, avg, percentiles and more, or those of
   * `defineAggregation`. Both ends of the range are included; without them it is everything kept, rollups included. One
   * bucket without `interval`; at most 100,000 buckets, of all groups together. See docs/aggregation.md.
   * @throws ValidationError, BudgetError (20,000,000 samples and 80 % of the deadline, unless `budget` says otherwise),
   *   AggregationError when a function of `defineAggregation` fails; DeadlineError, KeyError
   */
  async aggregateMetrics<const Name extends AggregationName | (string & {})>(options: AggregateMetricsOptions<Name>): Promise<MetricAggregates<Name>> {
    return this.read(metricCall('aggregateMetrics', options, ({ series }) => series.length), ({ metrics }) => metrics.aggregateMetrics(options));
  }
}

function lengthOf({ length }: readonly unknown[]): number {
  return length;
}
