import type { Operation } from '../../../contract/access.js';
import type { EventData } from '../../../contract/event.js';
import type { EventTypeName } from '../../../contract/eventTypes.js';
import type { MetricData } from '../../../contract/metric.js';
import type { Principal } from '../../../access/Principal.js';
import type { AuditQueries } from '../../../audit/queries/AuditQueries.js';
import type { DeadLetters } from '../../../deadletters/createDeadLetters.js';
import type { Subjects } from '../../../subjects/createSubjects.js';
import { AnalyticsReader } from './AnalyticsReader.js';
import type { AnalyticsService, ServiceStats } from './AnalyticsService.js';
import type { ReadCall } from './ReadCall.js';
import type { Reads } from './Reads.js';
import type { ServiceReader } from './ServiceReader.js';
import type { TrackEventResult, TrackMetricResult } from './trackMany.js';

export interface ActorServiceParts {
  readonly principal: Principal;
  readonly reads: Reads;
  readonly deadLetters: DeadLetters;
  readonly subjects: Subjects;
  readonly audit: AuditQueries;
  readonly stats: () => Promise<ServiceStats>;
  readonly tracking: Pick<AnalyticsService, 'trackEvent' | 'trackEvents' | 'trackMetric' | 'trackMetrics'>;
  /** @throws AccessError, recorded */
  readonly allow: (operation: Operation) => Promise<void>;
}

/** The service as one actor sees it: see `AnalyticsService.as` and docs/access.md. */
export class ActorService extends AnalyticsReader<'some'> {
  /** The jobs that were given up, as far as the actor may list, open or decide on them. */
  readonly deadLetters: DeadLetters;
  /** What persons may ask for, as far as the actor may ask for it. */
  readonly subjects: Subjects;
  /** The audit log, as far as the actor may ask it. */
  readonly audit: AuditQueries;
  readonly #parts: ActorServiceParts;

  constructor(parts: ActorServiceParts) {
    super();
    this.#parts = parts;
    this.deadLetters = parts.deadLetters;
    this.subjects = parts.subjects;
    this.audit = parts.audit;
  }

  /** As `AnalyticsService.getStats`. @throws AccessError */
  async getStats(): Promise<ServiceStats> {
    return this.#parts.stats();
  }

  /** As `AnalyticsService.trackEvent`. @throws AccessError */
  async trackEvent<const Type extends EventTypeName>(data: EventData<Type>): Promise<string> {
    await this.#parts.allow('events.track');
    return this.#parts.tracking.trackEvent(data);
  }

  /** As `AnalyticsService.trackEvents`. @throws AccessError */
  async trackEvents(items: readonly EventData[]): Promise<TrackEventResult[]> {
    await this.#parts.allow('events.track');
    return this.#parts.tracking.trackEvents(items);
  }

  /** As `AnalyticsService.trackMetric`. @throws AccessError */
  async trackMetric(data: MetricData): Promise<void> {
    await this.#parts.allow('metrics.track');
    return this.#parts.tracking.trackMetric(data);
  }

  /** As `AnalyticsService.trackMetrics`. @throws AccessError */
  async trackMetrics(items: readonly MetricData[]): Promise<TrackMetricResult[]> {
    await this.#parts.allow('metrics.track');
    return this.#parts.tracking.trackMetrics(items);
  }

  protected read<T>(call: ReadCall<T>, work: (reader: ServiceReader) => Promise<T>): Promise<T> {
    return this.#parts.reads.read(this.#parts.principal, call, work);
  }
}
