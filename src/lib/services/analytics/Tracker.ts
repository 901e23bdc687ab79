import { eventIdAt } from '../../../codec/batchId.js';
import type { Config } from '../../../config/parseConfig.js';
import type { EventData } from '../../../contract/event.js';
import type { EventTypeName, EventTypes } from '../../../contract/eventTypes.js';
import type { MetricData } from '../../../contract/metric.js';
import type { AnalyticsError } from '../../../errors/AnalyticsError.js';
import { DeadlineError } from '../../../errors/DeadlineError.js';
import type { BatchOutcome } from '../../../producer/batch.js';
import { KnownMetadata } from '../../../producer/KnownMetadata.js';
import { KnownTags } from '../../../producer/KnownTags.js';
import { normalizeEvent, type NormalizedEvent } from '../../../producer/normalizeEvent.js';
import { normalizeMetric, type NormalizedMetric } from '../../../producer/normalizeMetric.js';
import type { Guard } from '../../../security/guard/Guard.js';
import type { LinkKeeper } from './LinkKeeper.js';
import type { LocalAudience } from './LocalAudience.js';
import type { ServiceLink } from './ServiceLink.js';
import { trackManyEvents, trackManyMetrics, type TrackEventResult, type TrackMetricResult } from './trackMany.js';
import { withDeadline } from './withDeadline.js';

export interface TrackerOptions {
  readonly config: Config;
  readonly types: EventTypes;
  readonly guard: Guard;
  readonly links: LinkKeeper;
  /** Sockets that were registered before a call receive what it stores. */
  readonly audience: Pick<LocalAudience, 'pending'>;
}

/** Takes events and samples: checks and guards them, hands them to the lanes, and settles each call when its batch is answered. */
export class Tracker {
  readonly #options: TrackerOptions;
  readonly #knownMetadata = new KnownMetadata();
  readonly #knownTags = new KnownTags();

  constructor(options: TrackerOptions) {
    this.#options = options;
  }

  /** As `AnalyticsService.trackEvent`. */
  event<const Type extends EventTypeName>(data: EventData<Type>): Promise<string> {
    // One promise for the whole call: an asynchronous function that waits for the lane's would make three, 1 µs of each event's 12.
    return new Promise((resolve, reject) => {
      const event = this.#normalizeEvent(data);
      const send = ({ events }: ServiceLink, timer?: NodeJS.Timeout): void =>
        events.add(event.priority, event, ({ batchId, place, outcome }) => {
          clearTimeout(timer);
          if (outcome.kind === 'refused') {
            reject(outcome.error);
            return;
          }
          const id = event.id ?? eventIdAt(batchId, place);
          const failure = this.#failureOf('trackEvent', outcome, id);
          if (failure === undefined) resolve(id);
          else reject(failure);
        });
      const link = this.#options.links.current;
      if (link !== undefined && !link.isDoubtful('events') && this.#options.audience.pending === undefined) send(link);
      else {
        const startTimer = this.#timerOf('trackEvent', reject, event.id);
        this.#linkForEvents('trackEvent').then((waited) => send(waited, startTimer())).catch(reject);
      }
    });
  }

  async events(items: readonly EventData[]): Promise<TrackEventResult[]> {
    return trackManyEvents({
      items,
      normalize: (item) => this.#normalizeEvent(item),
      open: () => this.#linkForEvents('trackEvents'),
      failureOf: (outcome, id) => this.#failureOf('trackEvents', outcome, id),
      deadlineMs: this.#options.config.ANALYTICS_DEADLINE_MS,
    });
  }

  /** As `AnalyticsService.trackMetric`. */
  metric(data: MetricData): Promise<void> {
    return new Promise((resolve, reject) => {
      const sample = this.#normalizeMetric(data);
      const send = ({ metrics }: ServiceLink, timer?: NodeJS.Timeout): void =>
        metrics.add('metrics', sample, ({ outcome }) => {
          clearTimeout(timer);
          const failure = this.#failureOf('trackMetric', outcome);
          if (failure === undefined) resolve();
          else reject(failure);
        });
      const { links } = this.#options;
      const link = links.current;
      if (link !== undefined && !link.isDoubtful('metrics')) send(link);
      else {
        const startTimer = this.#timerOf('trackMetric', reject);
        links.fresh('trackMetric', 'metrics').then((waited) => send(waited, startTimer())).catch(reject);
      }
    });
  }

  async metrics(items: readonly MetricData[]): Promise<TrackMetricResult[]> {
    return trackManyMetrics({
      items,
      normalize: (item) => this.#normalizeMetric(item),
      open: () => this.#options.links.fresh('trackMetrics', 'metrics'),
      failureOf: (outcome) => this.#failureOf('trackMetrics', outcome),
      deadlineMs: this.#options.config.ANALYTICS_DEADLINE_MS,
    });
  }

  #normalizeEvent(data: EventData): NormalizedEvent {
    const { types, guard } = this.#options;
    return normalizeEvent(data, { types, guard, now: Date.now(), knownMetadata: this.#knownMetadata });
  }

  #normalizeMetric(data: MetricData): NormalizedMetric {
    return normalizeMetric(data, { guard: this.#options.guard, now: Date.now(), knownTags: this.#knownTags });
  }

  /** The link, once sockets that were registered before the call receive what is stored; they are waited for half as long as a call may take. */
  async #linkForEvents(operation: string): Promise<ServiceLink> {
    const { links, audience, config } = this.#options;
    const link = await links.fresh(operation, 'events');
    if (audience.pending !== undefined) await withDeadline(audience.pending, config.ANALYTICS_DEADLINE_MS / 2, () => new Error('late')).catch(() => {});
    return link;
  }

  /**
   * A call that waits for the link has no more time than others: once the link is there, it has the rest.
   * @returns to be called then; whoever answers clears the timer, since an error that nobody gets costs 10 µs too
   */
  #timerOf(operation: string, reject: (error: Error) => void, id?: string): () => NodeJS.Timeout {
    const { ANALYTICS_DEADLINE_MS: ms } = this.#options.config;
    const endAt = performance.now() + ms;
    return () => setTimeout(() => reject(new DeadlineError(operation, ms, id)), Math.max(0, endAt - performance.now())).unref();
  }

  /** What a call ends with; undefined when Redis has acknowledged its batch. */
  #failureOf(operation: string, outcome: BatchOutcome, id?: string): AnalyticsError | undefined {
    if (outcome.kind === 'acknowledged') return undefined;
    return outcome.kind === 'refused' ? outcome.error : new DeadlineError(operation, this.#options.config.ANALYTICS_DEADLINE_MS, id);
  }
}
